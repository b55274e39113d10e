"""Whole passes of SDLLM models with the HG neurons of LAS (LAS-17)."""

from collections.abc import Iterator, Mapping

from spikeref.storage.canonical import sha256_hex
from spikeref.suite.build import accepted
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.grid import Setting
from spikeref.suite.tiny_model import TinyModel, parameters_of, tensors_of
from spikeref.suite.tiny_tables import TinyTables
from spikeref.vectors.case import Case

PROMPT = (3, 6)
TERNARY = Setting(bits=4, encoding="ternary", ratio=(1, 1), ties="half-even")
BINARY = Setting(bits=4, encoding="binary", ratio=(9, 10), ties="half-up")
FITTED = TinyTables(activation="silu", steps=16)

DECODED: Mapping[str, tuple[TinyModel, TinyTables, int, str, str]] = {
    "gamma-sqp": (
        TinyModel(setting=TERNARY, rotation="gamma-sqp"),
        FITTED,
        16,
        "1,1",
        "sixteen steps of fitted neurons",
    ),
    "quarot-binary-half-up": (
        TinyModel(setting=BINARY, rotation="quarot", tied=1, windows=(1,)),
        TinyTables(activation="silu", expansions=("exp",)),
        10,
        "",
        "a table of ten steps, no γ, a window and asymmetric counts",
    ),
}
"""Name -> model, tables, steps, chunks, what is particular."""


def hg_model_cases() -> Iterator[Case]:
    """Yield the cases of `hg_decode`."""
    for name, (model, tables, steps, chunks, what) in DECODED.items():
        identity = f"hg-decode-{name}"
        parameters = parameters_of(model, sha256_hex(identity.encode()))
        tensors = tensors_of(model, Draw(identity))
        yield accepted(
            identity,
            "hg_decode",
            f"A whole SDLLM model whose norms, gates and softmax spike, with {what}: catches"
            " whatever of them is left to the integer formulas.",
            {**parameters, "steps": steps, "table_steps": tables.steps, "chunks": chunks},
            {"tokens": tensor(PROMPT, "i64"), **tensors, **tables.tensors(tanh=False)},
        )
