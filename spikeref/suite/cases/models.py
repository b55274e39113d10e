"""Whole forward passes of tiny models, generation, and models that must be refused."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.storage.canonical import sha256_hex
from spikeref.suite.build import accepted, refused
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.grid import QUADRATIC_TABLE, Setting
from spikeref.suite.tiny_model import TinyModel, parameters_of, tensors_of
from spikeref.vectors.case import Case

PROMPT = [3, 1, 6, 1]


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
    "gamma-sqp-binary-half-up": (
        TinyModel(setting=_setting("binary", "half-up", ratio=(1, 2)), rotation="gamma-sqp"),
        "1,1,1,1",
        "token by token, asymmetric counts, half up",
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
    "biases": (
        TinyModel(setting=_setting(), rotation="gamma-sqp", biased=("q", "k", "v")),
        "",
        "biases on q, k and v",
    ),
    "clipped-shift": (
        TinyModel(
            setting=_setting(ratio=(9, 10)),
            rotation="gamma-sqp",
            clips={"qkv": 1 << 14, "down": -(1 << 13), "o": 1},
            clip_mode="shift",
        ),
        "2,2",
        "thresholds in three of the four groups, one of them negative",
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
    yield from _refused_tokens()
    yield from _refused_models()
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


SMALLEST = TinyModel(
    setting=_setting("binary"),
    rotation="gamma-sqp",
    vocab=3,
    hidden=2,
    intermediate=2,
    heads=1,
    positions=2,
    biased=("q",),
)


def _refused_tokens() -> Iterator[Case]:
    parameters, tensors = _case_of("decode-smallest", SMALLEST)
    parameters["chunks"] = ""
    yield accepted(
        "decode-smallest",
        "decode",
        "The smallest model, all its positions used: catches limits one too early.",
        parameters,
        {"tokens": tensor([2, 0], "i64"), **tensors},
    )
    for name, tokens in (
        ("none", []),
        ("negative", [-1, 0]),
        ("beyond", [0, 3]),
        ("more-than-positions", [0, 1, 2]),
    ):
        yield refused(
            f"decode-tokens-{name}",
            "decode",
            "token",
            "Tokens that the model cannot take: catches a device without the check.",
            parameters,
            {"tokens": tensor(tokens, "i64"), **tensors},
            beside="decode-smallest",
            clauses=("OP-1",),
        )
    for name, change in (("act-bits-9", {"act_bits": 9}), ("kv-bits-1", {"kv_bits": 1})):
        yield refused(
            f"decode-{name}",
            "decode",
            "parameter",
            "Bits outside 2 … 8: catches a device without the check.",
            {**parameters, **change},
            {"tokens": tensor([2, 0], "i64"), **tensors},
            beside="decode-smallest",
            clauses=("ENC-1",),
        )


def _refused_models() -> Iterator[Case]:
    """Yield models with one element that MODEL-3 or MODEL-7 excludes."""
    parameters, tensors = _case_of("decode-smallest", SMALLEST)
    parameters["chunks"] = ""
    changes = (
        ("weight-of-minus-8", "layers.0.q.weights", -8),
        ("zero-weights", "layers.0.k.zero_weights", None),
        ("weight-sums", "layers.0.v.weight_sums", None),
        ("accumulator-bound", "layers.0.o.accumulator_bound", None),
        ("channel-mantissa", "layers.0.gate.channel_mantissas", (1 << 15) - 1),
        ("channel-exponent", "layers.0.up.channel_exponents", 513),
        ("bias-of-41-bits", "layers.0.q.bias", 1 << 39),
        ("embedding-mantissa", "embedding.mantissas", -(1 << 15)),
        ("gamma-mantissa", "final_norm.gamma", -(1 << 15)),
        ("rope-beyond-1", "rope.sin", (1 << 14) + 1),
        ("exp2-not-1-at-0", "tables.exp2", (1 << 30) - 1),
    )
    for name, tensor_name, value in changes:
        changed = tensors[tensor_name].copy()
        # A derived tensor is wrong as soon as it is one off.
        changed.flat[0] = int(changed.flat[0]) + 1 if value is None else value
        yield _refused_model(name, parameters, {**tensors, tensor_name: changed})
    lacking = {key: array for key, array in tensors.items() if key != "head.exponents"}
    yield _refused_model("missing-tensor", parameters, lacking)
    shape = tensors["rope.cos"][:1]
    yield _refused_model("other-shape", parameters, {**tensors, "rope.cos": shape})


def _refused_model(
    name: str, parameters: dict[str, Any], tensors: Mapping[str, NDArray[Any]]
) -> Case:
    return refused(
        f"decode-model-{name}",
        "decode",
        "model",
        "A model with one tensor that contradicts its chapter: catches a reader that trusts it.",
        parameters,
        {"tokens": np.array([2, 0], dtype=np.int64), **tensors},
        beside="decode-smallest",
        clauses=("MODEL-3", "MODEL-7"),
    )


def _generated() -> Iterator[Case]:
    plain = TinyModel(setting=_setting(), rotation="gamma-sqp", positions=6)
    for name, model, tokens, count, what in (
        ("four-tokens", plain, [2, 5], 4, "four tokens from its own logits"),
        ("until-full", plain, [2, 5, 1, 0], 9, "as many tokens as there are positions"),
    ):
        parameters, tensors = _case_of("generate-plain", model)
        yield accepted(
            f"generate-{name}",
            "generate",
            f"Greedy decoding of {what}: catches a cache that is read one position off, and a last"
            " token left out.",
            {**parameters, "new_tokens": count},
            {"tokens": tensor(tokens, "i64"), **tensors},
        )
    parameters, tensors = _case_of("generate-plain", plain)
    # Whatever comes second ends the sequence, though more tokens were asked for.
    every = ",".join(map(str, range(plain.vocab)))
    yield accepted(
        "generate-stops-at-eos",
        "generate",
        "An end-of-sequence token is the last one and is given out: catches going on after it, and"
        " leaving it out.",
        {**parameters, "eos_token_ids": every, "new_tokens": 4},
        {"tokens": tensor([2, 5], "i64"), **tensors},
    )
    # Two rows of the head that are equal tie for the largest logit of every token.
    tied = {**tensors, "head.mantissas": tensors["head.mantissas"].copy()}
    tied["head.exponents"] = np.full(plain.vocab, -14, dtype=np.int16)
    tied["head.mantissas"][:] = tied["head.mantissas"][:1]
    yield accepted(
        "generate-all-logits-equal",
        "generate",
        "Rows of the head that are all equal: catches the highest id on ties.",
        {**parameters, "new_tokens": 2},
        {"tokens": tensor([2, 5], "i64"), **tied},
    )
