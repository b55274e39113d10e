"""No accumulator without a proof (COMP-12)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.compile import compile_checkpoint
from spikeref.compiler.headroom import prove_headroom
from spikeref.errors import HeadroomError
from spikeref.model.folder import load_model
from spikeref.model.groups import OPERATORS
from spikeref.model.profile import DEFAULT_PROFILE, find_profile


def test_the_largest_bound() -> None:
    prove_headroom("layer 3, down", 1 << 30, None)
    prove_headroom("layer 3, down", 1 << 30, 32)
    with pytest.raises(HeadroomError, match=r"^layer 3, down: .* 1073741825, beyond 2\^30"):
        prove_headroom("layer 3, down", (1 << 30) + 1, None)
    with pytest.raises(HeadroomError, match="beyond"):
        prove_headroom("layer 3, down", (1 << 30) + 1, 64)


@pytest.mark.parametrize("k", [1, 2, 7, 15, 16, 29])
def test_bits_are_one_and_the_bit_length(k: int) -> None:
    for bound in (1 << k, (2 << k) - 1):
        prove_headroom("q", bound, k + 2)
        with pytest.raises(HeadroomError, match=f"^q: .* needs {k + 2} bits, {k + 1} are allowed"):
            prove_headroom("q", bound, k + 1)
    prove_headroom("q", (1 << k) - 1, k + 1)


def test_compilation_names_layer_and_operator(
    checkpoint_of: Callable[[str], Path], tmp_path: Path
) -> None:
    profile = find_profile(DEFAULT_PROFILE)
    with Checkpoint.open(checkpoint_of("tiny-llama")) as checkpoint:
        compile_checkpoint(checkpoint, tmp_path / "free", profile)
        model = load_model(tmp_path / "free")
        bits = {
            (index, operator): 1 + layer.synapses(operator).accumulator_bound.bit_length()
            for index, layer in enumerate(model.layers)
            for operator in OPERATORS
        }
        largest = max(bits.values())
        index, operator = next(place for place, needed in bits.items() if needed == largest)
        place = f"layer {index}, {operator}: "
        with pytest.raises(HeadroomError, match=f"^{place}.*{largest} bits, {largest - 1} are"):
            compile_checkpoint(checkpoint, tmp_path / "narrow", profile, acc_bits=largest - 1)
        assert not (tmp_path / "narrow").exists()
        assert sorted(p.name for p in tmp_path.iterdir()) == ["free"]
        digest = compile_checkpoint(checkpoint, tmp_path / "fits", profile, acc_bits=largest)
    assert digest == model.digest
