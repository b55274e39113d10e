"""`spikeref energy`: its three questions, its options, its refusals."""

from pathlib import Path

import pytest

from tests.cli.command_line import Program


def test_a_model_in_binary32(spikeref: Program) -> None:
    got = spikeref("energy", "--model", "llama2-7b", "--json").json()
    assert got["macs"] == got["flops"] == 6_906_307_411_968
    assert got["energy_j"] == pytest.approx(31.769, abs=5e-4)
    assert (got["sequence"], got["rule"]) == (1024, "attention-grouped")
    for name in ("macs", "flops", "energy_j"):
        parts = sum(one[name] for one in got["by_operator"].values())
        assert parts == pytest.approx(got[name])


@pytest.mark.parametrize(
    ("options", "flops", "energy"),
    [
        # LLaMA-2-7B in Tables 2, 10 and 12.
        ("--weight-bits 4 --act-bits 4", 0.86, 3.97),
        ("--weight-bits 4 --act-bits 4 --steps 1.2", 1.04, 4.77),
        ("--firing-rate 0.216", 0.75, 0.67),
        ("--weight-bits 4 --act-bits 4 --firing-rate 0.216 --steps 8.3", 0.77, 0.70),
        ("--act-bits 5 --firing-rate 0.221", 1.53, 1.37),
        ("--weight-bits 6 --act-bits 6 --firing-rate 0.222", 4.60, 4.14),
        ("--encoding binary --firing-rate 1/2", 1.62, 1.46),
        ("--weight-bits 6 --act-bits 6 --encoding binary --firing-rate 0.5", 10.20, 9.18),
    ],
)
def test_settings(spikeref: Program, options: str, flops: float, energy: float) -> None:
    got = spikeref("energy", "--model", "llama2-7b", *options.split(), "--json").json()
    assert (round(got["flops"] / 1e12, 2), round(got["energy_j"], 2)) == (flops, energy)


def test_another_rule_sequence_and_table(spikeref: Program) -> None:
    options = ["--rule", "attention-grouped", "--sequence", "2", "--mac-pj", "3", "--json"]
    got = spikeref("energy", "--model", "llama3-8b", *options).json()
    macs = 2 * 32 * (2 * 4096 * (4096 + 1024) + 3 * 4096 * 14336 + 4 * 4096)
    assert got["macs"] == macs
    assert got["energy_j"] == pytest.approx(macs * 3e-12)
    assert got["energy_table_pj"] == {"mac": 3.0, "accumulate": 0.9}


def test_equation_25(spikeref: Program) -> None:
    options = ["--spikes-per-neuron", "5.27", "--json"]
    got = spikeref("energy", "--model", "bert-base", *options).json()
    assert got["energy_ratio"] == pytest.approx(5.27 * 0.9 / 4.6)


def test_a_checkpoint_folder(spikeref: Program, checkpoint: Path) -> None:
    got = spikeref("energy", "--model", checkpoint, "--sequence", "3", "--json").json()
    assert got["macs"] == 3 * 2 * (4 * 64**2 + 3 * 64 * 172 + 2 * 3 * 64)


def test_the_paper(spikeref: Program) -> None:
    called = spikeref("energy", "--paper", "--json")
    assert (called.status, called.err) == (0, "")
    got = called.json()
    rows = got["rows"]
    assert all(
        row.keys() >= {"table", "row", "printed", "computed", "equal", "why"} for row in rows
    )
    assert got["unaccounted"] == 0
    assert got["equal"] == sum(row["equal"] is True for row in rows)
    assert got["different"] == sum(row["equal"] is False for row in rows) == 29
    assert all(row["why"] for row in rows if row["equal"] is not True)


def test_the_paper_by_another_table(spikeref: Program) -> None:
    called = spikeref("energy", "--paper", "--ac-pj", "1")
    assert called.status == 1
    assert "unexplained" in called.out


def test_a_trace(spikeref: Program, traces: dict[str, Path], model: Path) -> None:
    got = spikeref("energy", "--trace", traces["dense"], "--json").json()
    ran = spikeref("run", model, "--tokens", "104,105", "--json").json()["counters"]
    assert got["synaptic_additions"] == ran["total"]["synaptic_additions"]
    assert got["energy_j"] == pytest.approx(got["synaptic_additions"] * 0.9e-12 / 16)
    assert got["ideal"]["energy_j"] > 0
    counted = {(one["layer"], one["op"]): one for one in ran["by_op"]}
    assert {(one["layer"], one["op"]) for one in got["by_op"]} == {
        (layer, op)
        for layer in (0, 1)
        for op in ("q", "k", "v", "o", "gate", "up", "down", "attention")
    }
    for one in got["by_op"]:
        expected = counted[one["layer"], one["op"]]["synaptic_additions"]
        assert one["synaptic_additions"] == expected
    beside = ["--model-folder", model, "--json"]
    assert spikeref("energy", "--trace", traces["dense"], *beside).json() == got


def test_tables_for_people(spikeref: Program, traces: dict[str, Path]) -> None:
    shown = spikeref("energy", "--trace", traces["dense"])
    assert shown.status == 0
    lines = [line.split()[:2] for line in shown.out.splitlines()]
    assert ["1", "attention"] in lines
    assert ["all", "total"] in lines
    shown = spikeref("energy", "--model", "llama2-13b")
    assert "13.422 T with attention" in shown.out
    assert "13,421,772,800,000" in shown.out
    paper = spikeref("energy", "--paper").out
    assert "misprint" in paper
    assert max(map(len, paper.splitlines())) < 100


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        ("", "--model --trace --paper"),
        ("--model llama2-7b --paper", "--paper"),
        ("--model llama9", "llama9"),
        ("--model llama2-7b --sequence 0", "--sequence: 0"),
        ("--model llama2-7b --sequence 99999999", "--sequence: 99999999"),
        ("--model llama2-7b --sequence x", "--sequence"),
        ("--model llama2-7b --rule mine", "--rule"),
        ("--model llama2-7b --weight-bits 4", "--act-bits"),
        ("--model llama2-7b --weight-bits 0 --act-bits 4", "weight bits: 0"),
        ("--model llama2-7b --steps 2", "--weight-bits"),
        ("--model llama2-7b --weight-bits 4 --act-bits 4 --encoding binary", "--encoding"),
        ("--model llama2-7b --firing-rate 1.5", "firing rate: 3/2"),
        ("--model llama2-7b --firing-rate x", "'x'"),
        ("--model llama2-7b --firing-rate 0.2 --act-bits 9", "--act-bits: 9"),
        ("--model llama2-7b --firing-rate 0.2 --steps 0", "steps: 0"),
        ("--model llama2-7b --spikes-per-neuron 5 --firing-rate 0.2", "--firing-rate"),
        ("--model llama2-7b --spikes-per-neuron=-5", "spikes per neuron: -5"),
        ("--model llama2-7b --model-folder model", "--model-folder"),
        ("--model llama2-7b --mac-pj 0", "--mac-pj: 0"),
        ("--model llama2-7b --ac-pj nan", "'nan'"),
        ("--paper --firing-rate 0.2", "--firing-rate"),
        ("--paper --model-folder model", "--model-folder"),
        ("--trace missing", "missing"),
        ("--trace missing --sequence 3", "--sequence"),
        ("--trace missing --model-folder elsewhere", "elsewhere"),
    ],
)
def test_refusals(spikeref: Program, arguments: str, culprit: str) -> None:
    assert culprit in spikeref("energy", *arguments.split()).refusal()


def test_a_trace_of_another_model(spikeref: Program, traces: dict[str, Path], model: Path) -> None:
    called = spikeref("energy", "--trace", traces["other"], "--model-folder", model)
    assert "another model" in called.refusal()
