"""Whole forward passes of tiny models, generation, and models that must be refused."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.storage.canonical import sha256_hex
from spikeref.suite.build import accepted
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.grid import QUADRATIC_TABLE, Setting
from spikeref.suite.tiny_model import TinyModel, parameters_of, tensors_of
from spikeref.vectors.case import Case

PROMPT = [3, 1, 6, 1]
EOS = "3"
"""What the generating model says second."""


def _setting(
    encoding: str = "ternary",
    ties: str = "half-even",
    *,
    bits: int = 4,
    ratio: tuple[int, int] = (1, 1),
) -> Setting:
    return Setting(bits=bits, encoding=encoding, ratio=ratio, ties=ties)


DECODED: Mapping[str, tuple[TinyModel, str, str]] = {
    "gamma-sqp-ternary": (
        TinyModel(setting=_setting(), rotation="gamma-sqp", windows=(0, 2), intermediate=6),
        "1,2,1",
        "an intermediate width of blocks and a window in the second layer alone",
    ),
    "gamma-sqp-binary": (
        TinyModel(setting=_setting("binary"), rotation="gamma-sqp", kv_bits=5, kv_heads=2),
        "",
        "asymmetric counts beside a ternary cache of 5 bits",
    ),
    "gamma-sqp-half-up": (
        TinyModel(setting=_setting(ties="half-up", ratio=(9, 10)), rotation="gamma-sqp", tied=1),
        "2,2",
        "another tie rule and clip ratio, and a tied head",
    ),
    "quarot-ternary": (
        TinyModel(setting=_setting(), rotation="quarot", intermediate=12),
        "3,1",
        "no γ, and rotations of o and down alone",
    ),
    "quarot-binary-half-up": (
        TinyModel(setting=_setting("binary", "half-up"), rotation="quarot", tied=1),
        "",
        "no γ, a tied head, asymmetric counts",
    ),
    "none-ternary": (
        TinyModel(setting=_setting(ratio=(1023, 1024)), rotation="none"),
        "1,3",
        "no rotation, so that n is 1 everywhere",
    ),
    "none-binary-half-up": (
        TinyModel(setting=_setting("binary", "half-up", bits=3), rotation="none"),
        "",
        "no rotation, three bits",
    ),
    "clipped-gate": (
        TinyModel(
            setting=_setting(ties="half-up"),
            rotation="gamma-sqp",
            clips={"gate_up": 1 << 14, "o": -(1 << 12)},
            clip_mode="gate",
        ),
        "",
        "gating thresholds in two groups",
    ),
    "grouped-heads": (
        TinyModel(
            setting=_setting(bits=6),
            rotation="gamma-sqp",
            heads=6,
            kv_heads=2,
            head_dim=4,
            kv_bits=3,
            weight_bits=6,
            windows=(3,),
        ),
        "1,1,2",
        "3:1 heads, so that H·d is 24, a window, 6 bits and a cache of 3",
    ),
    "other-table": (
        TinyModel(setting=_setting(bits=8), rotation="gamma-sqp", table=QUADRATIC_TABLE,
                  weight_bits=8, kv_bits=8),
        "",
        "another exp2 table, 8 bits everywhere",
    ),
    "saturated": (
        TinyModel(
            setting=_setting(),
            rotation="gamma-sqp",
            gains={"q": 15, "k": 14, "v": 14, "gate": 14, "up": 14, "o": 8, "down": 0},
            biased=("q", "k", "v"),
        ),
        "",
        "biases on q, k and v, outputs beyond 32 bits, and of o beyond 40",
    ),
    "clipped-everywhere": (
        TinyModel(
            setting=_setting(),
            rotation="quarot",
            head_dim=12,
            heads=1,
            clips={"qkv": 1 << 12, "o": 1 << 10, "gate_up": -(1 << 12), "down": 1 << 11},
            clip_mode="shift",
        ),
        "",
        "thresholds in all four groups, and a head whose matrix is not symmetric",
    ),
    "two-bits": (
        TinyModel(setting=_setting(bits=2, ratio=(1, 2)), rotation="gamma-sqp", weight_bits=2,
                  kv_bits=2),
        "",
        "2 bits everywhere, two steps, an aggressive clip ratio",
    ),
}  # fmt: skip
"""Name -> model, chunks, what is particular."""


def model_cases() -> Iterator[Case]:
    """Yield the cases of decode and generate."""
    for name, (model, chunks, what) in DECODED.items():
        yield _decoded(name, model, chunks, what)
    yield from _generated()


def _case_of(identity: str, model: TinyModel) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    parameters = dict(parameters_of(model, sha256_hex(identity.encode())))
    return parameters, tensors_of(model, Draw(identity))


def _decoded(name: str, model: TinyModel, chunks: str, what: str) -> Case:
    identity = f"decode-{name}"
    parameters, tensors = _case_of(identity, model)
    return accepted(
        identity,
        "decode",
        f"A whole model with {what}: catches whatever is wrong between the operators, and gives"
        " the digest of every signal to find it by.",
        {**parameters, "chunks": chunks},
        {"tokens": tensor(PROMPT, "i64"), **tensors},
    )


PLAIN = TinyModel(setting=_setting(), rotation="gamma-sqp", positions=6)


def _generated() -> Iterator[Case]:
    parameters, tensors = _case_of("generate-plain", PLAIN)
    for name, eos, tokens, count, what in (
        ("four-tokens", "", [2, 5], 4, "four tokens from its own logits"),
        ("one-token", "", [2, 5, 4], 1, "one token after a prompt of three"),
        ("until-full", "", [2, 5, 1, 0], 9, "as many tokens as there are positions"),
        ("stops-at-second", EOS, [2, 5], 4, "tokens until the second one ends the sequence"),
    ):
        yield accepted(
            f"generate-{name}",
            "generate",
            f"Greedy decoding of {what}: catches a cache read one position off, a last token left"
            " out, and going on after the end.",
            {**parameters, "eos_token_ids": eos, "new_tokens": count},
            {"tokens": tensor(tokens, "i64"), **tensors},
        )
    # Rows of the head that are all equal tie for the largest logit of every token.
    tied = {**tensors, "head.mantissas": tensors["head.mantissas"].copy()}
    tied["head.exponents"] = np.full(PLAIN.vocab, -14, dtype=np.int16)
    tied["head.mantissas"][:] = tied["head.mantissas"][:1]
    yield accepted(
        "generate-all-logits-equal",
        "generate",
        "Rows of the head that are all equal: catches the highest id on ties.",
        {**parameters, "ties": "half-up", "new_tokens": 2},
        {"tokens": tensor([2, 5], "i64"), **tied},
    )
