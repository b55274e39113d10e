"""In sync and async nothing is multiplied (ENG-5, theorems 2 and 4): proven from the sources."""

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import spikeref.engine
import spikeref.neurons.trains
from spikeref.engine.asynchronous import asynchronous
from spikeref.engine.events import Shuffled
from spikeref.engine.synchronous import SYNCHRONOUS
from spikeref.neurons.counts import Encoder, Encoding
from tests.engine.populations import random_counts, synaptic_of

ENGINE = Path(spikeref.engine.__file__).parent
SPIKE_DRIVEN = (
    *(ENGINE / name for name in ("synchronous.py", "sparse_addition.py", "asynchronous.py",
                                 "events.py")),
    Path(spikeref.neurons.trains.__file__),
)  # fmt: skip
MULTIPLIERS = frozenset(
    {
        "multiply", "dot", "vdot", "inner", "outer", "matmul", "tensordot", "einsum", "prod",
        "cumprod", "kron", "power", "square", "float_power", "mul", "imul", "pow", "matvec",
        "vecdot", "vecmat", "convolve", "correlate", "linalg", "cross", "dot_exact",
    }
)  # fmt: skip


def multiplications(source: str) -> Iterator[str]:
    """Yield every node of the source that multiplies, or names something that does."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case (
                ast.BinOp(op=ast.Mult() | ast.MatMult() | ast.Pow())
                | ast.AugAssign(op=ast.Mult() | ast.MatMult() | ast.Pow())
            ):
                yield f"line {node.lineno}: {ast.unparse(node)}"
            case ast.Attribute(attr=name) | ast.Name(id=name) if name in MULTIPLIERS:
                yield f"line {node.lineno}: {name}"
            case ast.ImportFrom(names=names):
                yield from (n.name for n in names if n.name in MULTIPLIERS)


@pytest.mark.parametrize("path", SPIKE_DRIVEN, ids=lambda p: p.name)
def test_no_multiplication_in_the_source(path: Path) -> None:
    assert list(multiplications(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    ["a * b", "a @ b", "a *= b", "a ** 2", "np.dot(a, b)", "from operator import mul", "x.dot(y)"],
)
def test_the_search_finds_a_multiplication(source: str) -> None:
    assert list(multiplications(source))


class Unmultipliable(np.ndarray):  # type: ignore[type-arg]
    """An array whose ufuncs add, compare and select, and raise at a product."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):  # type: ignore[no-untyped-def]
        assert ufunc not in (np.multiply, np.matmul, np.power, np.square), ufunc
        plain = [np.asarray(x) if isinstance(x, Unmultipliable) else x for x in inputs]
        result = getattr(ufunc, method)(*plain, **kwargs)
        return result.view(Unmultipliable) if isinstance(result, np.ndarray) else result


def guarded(array: NDArray[np.signedinteger]) -> NDArray[np.signedinteger]:
    return array.view(Unmultipliable)


def test_no_multiplication_at_run_time() -> None:
    """Weights, counts, queries and addends refuse to be multiplied; the products still come."""
    encoder = Encoder(bits=4, encoding=Encoding.TERNARY)
    counts = random_counts(encoder, (2, 6), seed=0)
    weights = np.random.default_rng(1).integers(-7, 8, size=(6, 3)).astype(np.int8)
    with pytest.raises(AssertionError):
        guarded(weights) * 2
    synaptic = synaptic_of(weights, encoder)
    object.__setattr__(synaptic, "weights", guarded(weights))
    wide = counts.astype(np.int64)
    queries = np.arange(12, dtype=np.int64).reshape(2, 1, 6)
    addends = np.arange(4, dtype=np.int64).reshape(2, 1, 2)
    for engine in (SYNCHRONOUS, asynchronous(Shuffled(1), 5)):
        projected = engine.project(guarded(counts), synaptic, encoder)
        scored = engine.score(guarded(queries), guarded(counts[:, None]), encoder)
        mixed = engine.mix(guarded(addends), guarded(counts[:, None]), encoder)
        assert projected.tolist() == np.matmul(wide, weights.astype(np.int64)).tolist()
        assert scored[:, 0].tolist() == np.matmul(queries[:, 0], wide.T).tolist()
        assert mixed[:, 0].tolist() == np.matmul(addends[:, 0], wide).tolist()
