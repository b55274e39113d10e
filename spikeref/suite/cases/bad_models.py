"""Models and tokens that a decoder must refuse, and models at the limits (MODEL-3, MODEL-7)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.operations.operation import Parameters
from spikeref.suite.build import accepted, refused
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.grid import Setting
from spikeref.suite.tiny_model import TinyModel, parameters_of, tensors_of
from spikeref.vectors.case import Case, RejectKind

TERNARY = Setting(bits=4, encoding="ternary", ratio=(1, 1), ties="half-even")
BINARY = Setting(bits=4, encoding="binary", ratio=(1, 1), ties="half-even")
LEAN = TinyModel(
    setting=TERNARY,
    rotation="quarot",
    tied=1,
    vocab=3,
    hidden=2,
    intermediate=2,
    heads=1,
    positions=2,
)
"""As few tensors as a model can have."""

RICH = replace(LEAN, setting=BINARY, rotation="gamma-sqp", tied=0, biased=("q",))
"""A tensor of every kind but thresholds."""

CLIPPED = replace(LEAN, clips={"qkv": 99}, clip_mode="gate")
DIGEST = "0" * 64
TOKENS = (2, 0)

CONSTANTS = (
    ("norm_root", (1 << 58) - 1, 1 << 59),
    ("norm_root_exponent", 49, 59),
    ("norm_epsilon", -1, 1 << 60),
    ("log2e", (1 << 30) - 1, 1 << 31),
    ("score_mantissa", (1 << 21) - 1, 1 << 22),
    ("score_exponent", -129, 129),
)
"""Name, the last value below its range, the first above."""


def bad_model_cases() -> Iterator[Case]:
    """Yield tokens, parameters and models that `decode` must refuse."""
    for name, model, what in (
        ("lean", LEAN, "no γ, a tied head, no bias"),
        ("rich", RICH, "γ, a head, weight sums and a bias"),
        ("clipped", CLIPPED, "a threshold"),
    ):
        yield accepted(
            f"decode-{name}",
            "decode",
            f"The smallest model with {what}, all its positions used: the neighbour of refusals.",
            _parameters(model),
            _inputs(model, TOKENS),
        )
    yield from _limits()
    yield from _bad_tokens()
    yield from _bad_constants()
    yield from _bad_tensors()
    yield from _bad_clips()


def _parameters(model: TinyModel) -> dict[str, int | str]:
    return {**parameters_of(model, DIGEST), "chunks": ""}


def _inputs(model: TinyModel, tokens: tuple[int, ...]) -> dict[str, NDArray[Any]]:
    return {"tokens": tensor(tokens, "i64"), **tensors_of(model, Draw("decode-smallest"))}


def _bad(
    name: str,
    beside: str,
    parameters: Parameters,
    inputs: Mapping[str, NDArray[Any]],
    *,
    kind: RejectKind = "model",
    clauses: tuple[str, ...] = ("MODEL-3", "MODEL-7"),
) -> Case:
    return refused(
        f"decode-{name}",
        "decode",
        kind,
        "One thing that a clause excludes: catches a device that trusts whatever it is given.",
        parameters,
        inputs,
        beside=beside,
        clauses=clauses,
    )


def _limits() -> Iterator[Case]:
    """Yield a model whose values stand at the limits that are harmless to reach."""
    model = replace(CLIPPED, biased=("q",))
    parameters, inputs = _parameters(model), _inputs(model, TOKENS)
    for name, side in (("lowest", -1), ("highest", 1)):
        exponents = tensor([side * 512, 0, -14], "i16")
        changed = {
            **inputs,
            "embedding.exponents": exponents,
            "layers.0.up.channel_exponents": tensor([side * 512, -20], "i16"),
            "layers.0.k.channel_mantissas": tensor([1 << 15, (1 << 16) - 1], "u16"),
            "layers.0.q.bias": tensor([3 << 37, (1 << 39) - 1 if side > 0 else -(1 << 39)], "i64"),
            "rope.cos": tensor([[side << 14], [5]], "i16"),
            "rope.sin": tensor([[7], [side << 14]], "i16"),
            "layers.0.clip.qkv": tensor([(1 << 47) - 1 if side > 0 else -(1 << 47)], "i64"),
        }
        constants = {
            "norm_epsilon": (1 << 60) - 1 if side > 0 else 0,
            "log2e": (1 << 31) - 1 if side > 0 else 1 << 30,
            "score_mantissa": (1 << 22) - 1 if side > 0 else 1 << 21,
            "score_exponent": side * 128,
            "norm_root": (1 << 59) - 1 if side > 0 else 1 << 58,
            "norm_root_exponent": 58 if side > 0 else 50,
        }
        yield accepted(
            f"decode-{name}-values",
            "decode",
            "Constants, exponents, angles and a threshold at their limits: catches a reader whose"
            " ranges are one too narrow.",
            {**parameters, **constants},
            changed,
            clauses=("MODEL-3",),
        )


def _bad_tokens() -> Iterator[Case]:
    parameters = _parameters(LEAN)
    for name, tokens in (
        ("none", ()),
        ("negative", (-1, 0)),
        ("beyond", (0, 3)),
        ("more-than-positions", (0, 1, 2)),
    ):
        inputs = _inputs(LEAN, tokens)
        clauses = ("OP-1",)
        yield _bad(
            f"tokens-{name}", "decode-lean", parameters, inputs, kind="token", clauses=clauses
        )
    for name, bits in (("weight_bits", 1), ("act_bits", 9), ("kv_bits", 1)):
        yield _bad(
            f"{name.replace('_', '-')}-{bits}",
            "decode-lean",
            {**parameters, name: bits},
            _inputs(LEAN, TOKENS),
            kind="parameter",
            clauses=("ENC-1",),
        )


def _bad_constants() -> Iterator[Case]:
    parameters, inputs = _parameters(LEAN), _inputs(LEAN, TOKENS)
    for name, below, above in CONSTANTS:
        for side, value in (("below", below), ("above", above)):
            slug = f"{name.replace('_', '-')}-{side}"
            yield _bad(slug, "decode-lean", {**parameters, name: value}, inputs)


def _bad_tensors() -> Iterator[Case]:
    one = 1 << 14
    lean = (
        ("weight-of-minus-8", "layers.0.q.weights", -1, -8),
        ("weight-of-8", "layers.0.down.weights", 0, 8),
        ("channel-mantissa", "layers.0.gate.channel_mantissas", -1, (1 << 15) - 1),
        ("channel-exponent-above", "layers.0.up.channel_exponents", 0, 513),
        ("channel-exponent-below", "layers.0.up.channel_exponents", -1, -513),
        ("embedding-mantissa", "embedding.mantissas", -1, -(1 << 15)),
        ("embedding-exponent-above", "embedding.exponents", 0, 513),
        ("embedding-exponent-below", "embedding.exponents", -1, -513),
        ("cos-beyond-1", "rope.cos", -1, one + 1),
        ("sin-below-minus-1", "rope.sin", 0, -one - 1),
        ("exp2-not-1-at-0", "tables.exp2", 0, (1 << 30) - 1),
        ("exp2-above-1-at-0", "tables.exp2", 0, (1 << 30) + 1),
        ("exp2-negative", "tables.exp2", 6, -1),
        ("exp2-beyond-2", "tables.exp2", 1, 1 << 30),
    )
    rich = (
        ("bias-above", "layers.0.q.bias", -1, 1 << 39),
        ("bias-below", "layers.0.q.bias", 0, -(1 << 39) - 1),
        ("gamma-mantissa", "layers.0.mlp_norm.gamma", -1, -(1 << 15)),
        ("gamma-exponent-above", "final_norm.gamma_exponent", 0, 513),
        ("gamma-exponent-below", "layers.0.attention_norm.gamma_exponent", 0, -513),
        ("head-mantissa", "head.mantissas", 0, -(1 << 15)),
    )
    for beside, model, changes in (("decode-lean", LEAN, lean), ("decode-rich", RICH, rich)):
        parameters, inputs = _parameters(model), _inputs(model, TOKENS)
        for name, changed, place, value in changes:
            yield _bad(name, beside, parameters, _with(inputs, changed, place, value))
    yield from _contradictions()


def _with(
    inputs: Mapping[str, NDArray[Any]], name: str, place: int, value: int
) -> dict[str, NDArray[Any]]:
    """Return the inputs with one element of one tensor changed, and what follows from it."""
    changed = inputs[name].copy()
    changed.flat[place] = value
    found = {**inputs, name: changed}
    if name.endswith(".weights"):
        prefix = name.removesuffix("weights")
        zeros = np.count_nonzero(changed == 0, axis=1).astype(np.int32)
        bound = int(np.abs(changed.astype(np.int64)).sum(axis=0, dtype=np.int64).max())
        found[f"{prefix}zero_weights"] = zeros
        found[f"{prefix}accumulator_bound"] = tensor([bound * TERNARY.levels], "i64")
    return found


def _contradictions() -> Iterator[Case]:
    """Yield tensors that do not follow from the weights, are missing, or of another form."""
    parameters, lean = _parameters(LEAN), _inputs(LEAN, TOKENS)
    for name, changed in (
        ("zero-weights", "layers.0.k.zero_weights"),
        ("accumulator-bound", "layers.0.o.accumulator_bound"),
    ):
        value = int(lean[changed].flat[-1]) + 1
        yield _bad(name, "decode-lean", parameters, _with(lean, changed, -1, value))
    lacking = {name: array for name, array in lean.items() if name != "layers.0.v.zero_weights"}
    yield _bad("missing-tensor", "decode-lean", parameters, lacking)
    surplus = {**lean, "layers.1.clip.qkv": tensor([1], "i64")}
    yield _bad("surplus-tensor", "decode-lean", parameters, surplus)
    shape = {**lean, "rope.cos": lean["rope.cos"][:1]}
    yield _bad("other-shape", "decode-lean", parameters, shape)
    form = {**lean, "embedding.exponents": lean["embedding.exponents"].astype(np.int32)}
    yield _bad("other-type", "decode-lean", parameters, form)
    rich, sums = _inputs(RICH, TOKENS), "layers.0.v.weight_sums"
    wrong = _with(rich, sums, -1, int(rich[sums].flat[-1]) - 1)
    yield _bad("weight-sums", "decode-rich", _parameters(RICH), wrong)


def _bad_clips() -> Iterator[Case]:
    parameters, inputs = _parameters(CLIPPED), _inputs(CLIPPED, TOKENS)
    name = "layers.0.clip.qkv"
    for side, value in (("above", 1 << 47), ("below", -(1 << 47) - 1)):
        wrong = _with(inputs, name, 0, value)
        yield _bad(f"threshold-{side}", "decode-clipped", parameters, wrong)
    mode = {**parameters, "clip_mode": "none"}
    yield _bad("threshold-without-mode", "decode-clipped", mode, inputs)
    lacking = {key: array for key, array in inputs.items() if key != name}
    yield _bad("mode-without-threshold", "decode-clipped", parameters, lacking)
    rich = {**_inputs(RICH, TOKENS), name: inputs[name]}
    clauses = ("ENC-8", "MODEL-7")
    both = {**_parameters(RICH), "clip_mode": "gate"}
    yield _bad("clipping-with-binary", "decode-rich", both, rich, clauses=clauses)
