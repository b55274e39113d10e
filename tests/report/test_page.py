"""What the page says: of both systems, at every level, beside what the trace holds."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from spikeref.account.widths import proven_bits
from spikeref.api import compile_model
from spikeref.energy.breakdown import by_op, trace_breakdown
from spikeref.energy.table import EnergyTable
from spikeref.errors import UsageError
from spikeref.model.las_layers import LasModel
from spikeref.model.layers import IntegerModel
from spikeref.report.histograms import histograms
from spikeref.report.page import choose, page
from spikeref.report.rasters import LARGEST_COLUMNS, raster_of
from spikeref.report.widths import observed_signals
from spikeref.trace.canonical import Place
from spikeref.trace.populations import find_population, signed_steps, spike_totals, spiking_ops
from spikeref.trace.reader import TraceFolder
from spikeref.trace.records import OP_CODES
from spikeref.trace.show import firing, percent
from tests.report.conftest import FAULTY_NEURON, TOKENS, write_trace
from tests.report.reading import Element, read, rows_of, section_of

SECTIONS = [
    "What the trace is of", "Firing rates", "Energy", "Spike rasters", "Count histograms",
    "Ranges and widths",
]  # fmt: skip


def made(
    trace: TraceFolder,
    second: TraceFolder | None = None,
    model: IntegerModel | LasModel | None = None,
    layers: tuple[int, ...] | None = (0,),
) -> Element:
    chosen = choose(trace, None if trace.manifest.level == "digest" else layers, None)
    return read(page(trace, chosen, second, model))


@pytest.fixture(scope="module")
def full_page(sdllm: dict[str, TraceFolder], tiny_model: IntegerModel) -> Element:
    return made(sdllm["full"], sdllm["faulty"], tiny_model)


def test_a_full_trace_of_sdllm_has_every_section(full_page: Element) -> None:
    titles = [heading.text() for heading in full_page.below("h2")]
    assert titles == [SECTIONS[0], "First divergence", *SECTIONS[1:]]
    assert full_page.below("h1")[0].text() == "The spikes of 3 tokens under sdllm-w4a4kv4"
    assert full_page.below("title")[0].text() == full_page.below("h1")[0].text()


def test_it_says_what_the_trace_is_of(full_page: Element, sdllm: dict[str, TraceFolder]) -> None:
    manifest = sdllm["full"].manifest
    about = section_of(full_page, SECTIONS[0]).text()
    for words in (manifest.model_digest, manifest.trace_digest, "104, 105, 106", "SDLLM", "D = 8"):
        assert words in about
    assert sdllm["faulty"].manifest.trace_digest in about


def test_firing_rates_are_those_of_the_trace(
    full_page: Element, sdllm: dict[str, TraceFolder]
) -> None:
    rows = rows_of(full_page, "By population, over all layers and tokens")
    for one in firing(sdllm["full"]):
        rate = percent(one.positive + one.negative, one.slots)
        expected = [f"{one.positive:,}", f"{one.negative:,}", f"{one.slots:,}", rate]
        assert rows[one.op] == expected
    by_layer = rows_of(full_page, "Firing rate by layer and population")
    assert list(by_layer) == ["0", "1"]
    spikes = slots = 0
    for token in range(len(TOKENS)):
        population = find_population(sdllm["full"], token, 1, "key_spikes")
        spikes += sum(spike_totals(population))
        slots += population.counts.size * population.train.steps
    column = spiking_ops(sdllm["full"]).index("key_spikes")
    assert by_layer["1"][column] == percent(spikes, slots)


def test_energy_is_that_of_the_energy_command(
    full_page: Element, sdllm: dict[str, TraceFolder], tiny_model: IntegerModel
) -> None:
    found = trace_breakdown(sdllm["full"], tiny_model, EnergyTable())
    rows = rows_of(full_page, "Energy by product")
    for row in [*by_op(found.rows), found.total]:
        assert rows[row.op][0] == f"{int(row.exact.additions):,}"
        assert rows[row.op][1] == f"{float(row.exact.energy_j):.3e}"
        assert rows[row.op][5] == f"{float(row.float_energy_j):.3e}"
    by_layer = rows_of(full_page, "Energy by layer")
    total = sum(int(cells[0].replace(",", "")) for cells in by_layer.values())
    assert total == found.total.exact.additions


def test_a_raster_shows_the_trains(sdllm: dict[str, TraceFolder]) -> None:
    raster = raster_of(sdllm["full"], 1, "o_input", range(3))
    assert raster is not None
    for token in range(3):
        population = find_population(sdllm["full"], token, 1, "o_input")
        steps = np.stack(list(signed_steps(population)), axis=1)
        assert np.array_equal(raster.spikes[:, 8 * token : 8 * token + 8], steps)


def test_a_raster_holds_few_points(tmp_path: Path, tiny_model: IntegerModel) -> None:
    trace = write_trace(tmp_path / "long", tiny_model, "counts", range(40))
    raster = raster_of(trace, 0, "down_input", range(40))
    assert raster is not None
    assert raster.neurons == 172
    assert raster.spikes.shape == (128, 128)
    assert raster.spikes.shape[1] <= LARGEST_COLUMNS


@pytest.mark.parametrize("op", ["qkv_input", "key_spikes"])
def test_both_encodings_are_of_the_same_potentials(sdllm: dict[str, TraceFolder], op: str) -> None:
    symmetric, asymmetric = histograms(sdllm["full"], 0, op, range(3))
    counts = [find_population(sdllm["full"], token, 0, op).counts for token in range(3)]
    values, numbers = np.unique(np.concatenate(counts), return_counts=True)
    held = dict(zip(symmetric.values, symmetric.numbers, strict=True))
    assert {value: number for value, number in held.items() if number} == dict(
        zip(values.tolist(), numbers.tolist(), strict=True)
    )
    assert (symmetric.stored, asymmetric.stored) == (True, False)
    assert (symmetric.values, asymmetric.values) == (tuple(range(-8, 8)), tuple(range(16)))
    assert symmetric.neurons == asymmetric.neurons
    by_hand = Counter(
        count for token in range(3) for row in potentials(sdllm["full"], token, op)
        for count in asymmetric_counts(row)
    )  # fmt: skip
    assert dict(zip(asymmetric.values, asymmetric.numbers, strict=True)) == {
        value: by_hand[value] for value in range(16)
    }
    # Theorem 3: symmetric counts of potentials around 0 fire less.
    rates = [Fraction(one.spikes, one.neurons * one.steps) for one in (symmetric, asymmetric)]
    assert rates[0] < rates[1]


def potentials(trace: TraceFolder, token: int, op: str) -> list[list[int]]:
    """Return what a population encoded, head by head in the cache."""
    number = trace.find(Place(token, 0, OP_CODES[op]))
    assert number is not None
    rows: list[list[int]] = np.atleast_2d(trace.fields(number)["potential"]).tolist()
    return rows


def asymmetric_counts(row: list[int]) -> list[int]:
    """Return the counts of equation 9 in fractions: 4 bits, clip ratio 1, ties to even."""
    low, high = min(0, *row), max(0, *row)
    zero = round(Fraction(-low * 15, high - low))
    return [min(max(round(Fraction(15 * v, high - low)) + zero, 0), 15) for v in row]


def test_without_potentials_the_counts_stand_alone(sdllm: dict[str, TraceFolder]) -> None:
    full = histograms(sdllm["full"], 0, "qkv_input", range(3))
    assert histograms(sdllm["counts"], 0, "qkv_input", range(3)) == full[:1]


def test_a_histogram_of_las_counts_weighted_spikes(las: dict[str, TraceFolder]) -> None:
    (one,) = histograms(las["full"], 0, "las_qkv_input", range(3))
    spikes = [
        sum(spike_totals(find_population(las["full"], token, 0, "las_qkv_input")))
        for token in range(3)
    ]
    assert one.spikes == sum(spikes)
    assert sum(v * n for v, n in zip(one.values, one.numbers, strict=True)) == one.spikes


def test_observed_ranges_stand_beside_proven_widths(
    full_page: Element, sdllm: dict[str, TraceFolder], tiny_model: IntegerModel
) -> None:
    found = observed_signals(sdllm["full"], tiny_model)
    assert {one.signal for one in found}.isdisjoint({"saturations", "value_spikes"})
    for one in found:
        assert one.proven is not None
        assert one.bits <= one.proven <= max(one.declared, 40)
    (down,) = (one for one in found if (one.op, one.signal) == ("down", "accumulator"))
    assert down.proven == proven_bits(tiny_model, down.layer, "down", "accumulator")
    assert "proven bits" in section_of(full_page, "Ranges and widths").text()
    (counts,) = (one for one in found if (one.op, one.signal) == ("qkv_input", "counts"))
    assert (counts.low, counts.high, counts.bits, counts.proven) == (-7, 7, 4, 4)


def test_the_first_divergence_is_told_and_shown(full_page: Element) -> None:
    part = section_of(full_page, "First divergence")
    assert f"token 1, layer 1, o_input: counts, element {FAULTY_NEURON}" in part.text()
    assert len(part.below("svg")) == 2


def test_equal_traces_are_said_to_agree(sdllm: dict[str, TraceFolder]) -> None:
    root = made(sdllm["digest"], sdllm["full"])
    assert "agree in every one of" in section_of(root, "First divergence").text()


def test_traces_of_other_models_are_refused(
    sdllm: dict[str, TraceFolder], las: dict[str, TraceFolder], tiny_model: IntegerModel
) -> None:
    with pytest.raises(UsageError, match="different models"):
        made(sdllm["full"], las["full"])
    with pytest.raises(UsageError, match="another model"):
        made(las["full"], model=tiny_model)


def test_a_trace_of_counts_has_every_section_too(sdllm: dict[str, TraceFolder]) -> None:
    root = made(sdllm["counts"])
    assert [heading.text() for heading in root.below("h2")] == SECTIONS
    assert "One of level full also stores the potentials" in root.text()


@pytest.mark.parametrize("system", ["sdllm", "las"])
def test_a_trace_of_digests_says_that_it_has_no_spikes(
    request: pytest.FixtureRequest, system: str
) -> None:
    root = made(request.getfixturevalue(system)["digest"])
    assert "stores no spikes" in root.text()
    assert root.below("svg") == []


@pytest.mark.parametrize("level", ["counts", "full"])
def test_a_trace_of_las(
    las: dict[str, TraceFolder], las_model: Callable[[str], LasModel], level: str
) -> None:
    model = las_model("bert")
    root = made(las[level], model=model)
    assert [heading.text() for heading in root.below("h2")] == SECTIONS
    assert "LAS" in section_of(root, SECTIONS[0]).text()
    total = trace_breakdown(las[level], model, EnergyTable()).total
    assert rows_of(root, "Energy by product")["total"][0] == f"{int(total.exact.additions):,}"
    assert "after the last" in rows_of(root, "Firing rate by layer and population")


def test_las_without_its_model_says_what_is_missing(las: dict[str, TraceFolder]) -> None:
    assert "--model-folder" in section_of(made(las["counts"]), "Energy").text()


def test_default_layers_are_the_first_the_middle_and_the_last(
    sdllm: dict[str, TraceFolder],
) -> None:
    assert choose(sdllm["full"], None, None).layers == (0, 1)
    assert choose(sdllm["full"], (1,), 2).tokens == range(2, 3)


def test_one_token_is_drawn_alone(sdllm: dict[str, TraceFolder]) -> None:
    trace = sdllm["counts"]
    root = read(page(trace, choose(trace, (1,), 2), None, None))
    titles = [title.text() for title in section_of(root, "Spike rasters").below("title")]
    assert titles[0] == "Raster of qkv_input, layer 1, token 2"
    assert len(titles) == 6


def test_more_layers_than_a_page_holds_are_refused(sdllm: dict[str, TraceFolder]) -> None:
    trace = sdllm["counts"]
    deep = replace(trace, manifest=replace(trace.manifest, layers=13))
    assert len(choose(deep, tuple(range(12)), None).layers) == 12
    with pytest.raises(UsageError, match="at most 12"):
        choose(deep, tuple(range(13)), None)


@pytest.mark.parametrize("profile", ["sdllm-binary-w4a4kv4", "sdllm-hg-w4a4kv4"])
def test_other_profiles_of_sdllm(tmp_path: Path, profile: str) -> None:
    source = write_checkpoint("tiny-llama", tmp_path / "checkpoint", scale=0.1)
    model = compile_model(source, tmp_path / "model", profile=profile)
    trace = write_trace(tmp_path / "trace", model)
    root = made(trace, model=model)
    assert [heading.text() for heading in root.below("h2")] == SECTIONS
    stored = histograms(trace, 0, "qkv_input", range(3))[0]
    kind = "asymmetric" if "binary" in profile else "symmetric"
    assert stored.name.startswith(kind)
    assert stored.stored
    # The cache is ternary under every profile.
    assert histograms(trace, 0, "key_spikes", range(3))[0].name.startswith("symmetric")
