"""A whole LAS model on plain integers, every record of every token (LAS-3 to LAS-15, LAS-18)."""

from typing import Any

from spikeref.arith.scalar import round_shift, saturate
from spikeref.model.las_config import FeedForward, NormKind, Placement
from spikeref.model.las_layers import LasLayer, LasModel, NormParameters, WideSynapses
from spikeref.model.layers import DyadicRows
from spikeref.neurons.outlier_aware import OatCode
from tests.ops.las_transcription import (
    Norm,
    Row,
    Scale,
    Spiked,
    attend,
    combine,
    gated,
    hg,
    norm,
    oat,
    unit_of,
    wide_rescale,
)
from tests.ops.transcription import rope

Fields = dict[str, Any]
Records = dict[tuple[str, int, int], Fields]
"""By op, layer and token."""
BITS = {"q": 32, "k": 32, "v": 32, "gate": 32, "up": 32, "o": 40, "down": 40}


class Walk:
    """One pass over all tokens of a sequence."""

    def __init__(self, model: LasModel) -> None:
        """Walk through this model."""
        self.model = model
        self.structure = model.config.structure
        self.steps = model.config.profile.form.steps
        self.ties = model.config.profile.ties
        self.records: Records = {}

    def put(self, op: str, layer: int, token: int, **fields: Any) -> None:
        key = (f"las_{op}", layer, token)
        assert key not in self.records
        self.records[key] = fields

    def row(self, table: DyadicRows, index: int) -> Row:
        e = int(table.exponents[index])
        return [round_shift(m, -(e + 16), self.ties) for m in table.mantissas[index].tolist()]

    def residual(self, op: str, layer: int, token: int, x: Row) -> Row:
        out = [saturate(v, 40) for v in x]
        cut = sum(a != b for a, b in zip(x, out, strict=True))
        self.put(op, layer, token, residual=out, saturations=cut)
        return out

    def norm(self, op: str, layer: int, token: int, x: Row, made: NormParameters) -> Row:
        beta = None if made.beta is None else made.beta.tolist()
        done: Norm = norm(
            x,
            (made.gamma.mantissas.tolist(), made.gamma.exponent),
            beta,
            self.model.config.constants,
            self.model.tables,
            centred=self.structure.norm is NormKind.LAYER,
            steps=self.steps,
            ties=self.ties,
        )
        self.put(op, layer, token, **vars(done))
        return done.output

    def spikes(
        self, op: str, layer: int, token: int, x: Any, bits: int, code: OatCode
    ) -> list[Spiked]:
        flat = [v for part in x for v in part] if isinstance(x[0], list) else x
        spiked = [oat(v, bits, code) for v in flat]
        self.put(
            op,
            layer,
            token,
            counts=[s.count for s in spiked],
            outliers=[int(s.outlier) for s in spiked],
            saturations=sum(s.saturated for s in spiked),
        )
        return spiked

    def driven(
        self, op: str, layer: int, token: int, spiked: list[Spiked], columns: list[Row],
        scales: list[Scale], bias: Row | None, bound: int, code: OatCode, bits: int,
    ) -> Row:  # fmt: skip
        y = [sum(s.value * w for s, w in zip(spiked, c, strict=True)) for c in columns]
        done = [
            wide_rescale(
                a, bound, combine(unit_of(code), scale, self.ties), bits, self.ties,
                0 if bias is None else bias[m],
            )
            for m, (a, scale) in enumerate(zip(y, scales, strict=True))
        ]  # fmt: skip
        out = [v for v, _ in done]
        self.put(op, layer, token, accumulator=y, output=out, saturations=sum(c for _, c in done))
        return out

    def linear(
        self, op: str, layer: int, token: int, spiked: list[Spiked], made: WideSynapses,
        code: OatCode, bits: int,
    ) -> Row:  # fmt: skip
        scales = list(
            zip(made.channel_mantissas.tolist(), made.channel_exponents.tolist(), strict=True)
        )
        bias = None if made.bias is None else made.bias.tolist()
        bound = made.weight_bound * code.largest_value
        columns = made.weights.T.tolist()
        return self.driven(op, layer, token, spiked, columns, scales, bias, bound, code, bits)

    def heads(self, x: Row, token: int, rotates: bool) -> list[Row]:
        d = self.model.config.shape.head_dim
        cut = [x[i : i + d] for i in range(0, len(x), d)]
        rotary = self.model.rotary
        if rotary is None or not rotates:
            return cut
        cos, sin = rotary.cos[token].tolist(), rotary.sin[token].tolist()
        return [
            [saturate(round_shift(v, 14, self.ties), 32) for v in rope(head, cos, sin)]
            for head in cut
        ]

    def attention(self, index: int, layer: LasLayer, x: list[Row]) -> list[Row]:
        """The outputs of o for the inputs x of all tokens."""
        code, shape = layer.codes["attention_input"], self.model.config.shape
        held: dict[str, list[list[Spiked]]] = {"query": [], "key": [], "value": []}
        for t, row in enumerate(x):
            spiked = self.spikes("qkv_input", index, t, row, 16, code)
            for op, role in (("q", "query"), ("k", "key"), ("v", "value")):
                made = layer.operators[op]  # type: ignore[index]
                out = self.linear(op, index, t, spiked, made, code, 32)
                cut = self.heads(out, t, op != "v")
                held[role].append(
                    self.spikes(f"{role}_spikes", index, t, cut, 16, layer.codes[role])  # type: ignore[index]
                )
        d = shape.head_dim
        results = []
        for t in range(len(x)):
            window = layer.sliding_window
            first = 0 if window is None else max(0, t - window + 1)
            seen = range(first, t + 1) if self.structure.causal else range(len(x))
            fields: Fields = {
                name: []
                for name in ("top", "sum", "inverse", "inverse_exponent", "accumulator", "mixed",
                             "probability_spikes", "key_spikes", "value_spikes")
            } | {"saturations": 0}  # fmt: skip
            for h in range(shape.heads):
                g = h * shape.kv_heads // shape.heads

                def part(role: str, j: int, head: int) -> list[Spiked]:
                    return held[role][j][head * d : (head + 1) * d]

                constants = self.model.config.constants
                done = attend(
                    [s.value for s in part("query", t, h)],
                    [[s.value for s in part("key", j, g)] for j in seen],
                    [[s.value for s in part("value", j, g)] for j in seen],
                    {str(role): code for role, code in layer.codes.items()},
                    (constants.score_mantissa, constants.score_exponent),
                    self.model.tables,
                    self.steps,
                    self.ties,
                )
                fields["top"].append(done.top)
                fields["sum"].append(done.total)
                fields["inverse"].append(done.inverse)
                fields["inverse_exponent"].append(done.inverse_exponent)
                fields["accumulator"].append(done.accumulator)
                fields["mixed"] += done.mixed
                fields["probability_spikes"].append(sum(p.spikes for p in done.probabilities))
                for role in ("key", "value"):
                    total = sum(s.spikes for j in seen for s in part(role, j, g))
                    fields[f"{role}_spikes"].append(total)
                fields["saturations"] += done.saturations
            self.put("attention", index, t, **fields)
            code = layer.codes["o_input"]
            spiked = self.spikes("o_input", index, t, fields["mixed"], 16, code)
            results.append(self.linear("o", index, t, spiked, layer.operators["o"], code, 40))
        return results

    def feed_forward(self, index: int, layer: LasLayer, t: int, x: Row) -> Row:
        code = layer.codes["mlp_input"]
        spiked = self.spikes("mlp_input", index, t, x, 16, code)
        neuron, bits = self.model.tables.activation, 20
        if self.structure.mlp is FeedForward.PLAIN:
            h = self.linear("up", index, t, spiked, layer.operators["up"], code, 32)
            inner = [(c << 20) >> -e for c, e in (hg(neuron, v, self.steps) for v in h)]
            self.put("activation", index, t, output=inner)
        else:
            gate = self.linear("gate", index, t, spiked, layer.operators["gate"], code, 32)
            coded = [hg(neuron, v, self.steps) for v in gate]
            self.put("activation", index, t, output=[(c << 20) >> -e for c, e in coded])
            u = self.linear("up", index, t, spiked, layer.operators["up"], code, 32)
            up = self.spikes("up_spikes", index, t, u, 16, layer.codes["up"])
            unit = unit_of(layer.codes["up"])
            done = [gated(a, b, unit, self.ties) for a, b in zip(coded, up, strict=True)]
            inner, bits = [v for v, _ in done], 16
            self.put("gated", index, t, output=inner, saturations=sum(c for _, c in done))
        code = layer.codes["activation"]
        spiked = self.spikes("down_input", index, t, inner, bits, code)
        return self.linear("down", index, t, spiked, layer.operators["down"], code, 40)

    def layer(self, index: int, layer: LasLayer, x: list[Row]) -> list[Row]:
        """LAS-14."""
        pre = self.structure.placement is Placement.PRE

        def normed(op: str, rows: list[Row], made: NormParameters) -> list[Row]:
            return [self.norm(op, index, t, row, made) for t, row in enumerate(rows)]

        def added(op: str, rows: list[Row], out: list[Row]) -> list[Row]:
            return [
                self.residual(op, index, t, [a + b for a, b in zip(row, o, strict=True)])
                for t, (row, o) in enumerate(zip(rows, out, strict=True))
            ]

        given = normed("attention_norm", x, layer.attention_norm) if pre else x
        x = added("attention_residual", x, self.attention(index, layer, given))
        if not pre:
            x = normed("post_attention_norm", x, layer.attention_norm)
        given = normed("mlp_norm", x, layer.mlp_norm) if pre else x
        out = [self.feed_forward(index, layer, t, row) for t, row in enumerate(given)]
        x = added("mlp_residual", x, out)
        return x if pre else normed("post_mlp_norm", x, layer.mlp_norm)

    def run(self, tokens: list[int]) -> Records:
        """Return every record of the tokens."""
        model = self.model
        x = []
        for t, token in enumerate(tokens):
            rows = [self.row(model.embedding, token)]
            if model.positions is not None:
                rows.append(self.row(model.positions, t + self.structure.position_offset))
            if model.types is not None:
                rows.append(self.row(model.types, 0))
            summed = [sum(column) for column in zip(*rows, strict=True)]
            x.append(self.residual("embedding", -1, t, summed))
            if model.embedding_norm is not None:
                x[t] = self.norm("embedding_norm", -1, t, x[t], model.embedding_norm)
        for index, layer in enumerate(model.layers):
            x = self.layer(index, layer, x)
        self.outputs(x)
        return self.records

    def outputs(self, x: list[Row]) -> None:
        """LAS-15."""
        model, last, code = self.model, len(self.model.layers), self.model.head_code
        if model.final_norm is not None:
            x = [self.norm("final_norm", last, t, r, model.final_norm) for t, r in enumerate(x)]
        if model.head is not None:
            scales = [(1 << 15, int(e) - 15) for e in model.head.exponents]
            rows = model.head.mantissas.tolist()
            bound = model.head_weight_bound * code.largest_value
            for t, row in enumerate(x):
                spiked = self.spikes("head_input", last, t, row, 16, code)
                self.driven("head", last, t, spiked, rows, scales, None, bound, code, 32)
        if model.pooler is not None and model.tables.tanh is not None:
            spiked = self.spikes("head_input", last, 0, x[0], 16, code)
            dense = self.linear("pooler", last, 0, spiked, model.pooler, code, 32)
            coded = [hg(model.tables.tanh, v, self.steps) for v in dense]
            pooled = [(c << 20) >> -e for c, e in coded]
            self.put("pooled", last, 0, output=pooled)
            if model.classifier is not None:
                code = model.classifier_code
                spiked = self.spikes("classifier_input", last, 0, pooled, 20, code)
                self.linear("classifier", last, 0, spiked, model.classifier, code, 32)
