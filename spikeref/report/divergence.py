"""Where two traces first differ, in words and as two rasters."""

from typing import assert_never

from spikeref.report.markup import Markup, facts, gallery, paragraph
from spikeref.report.rasters import LARGEST_NEURONS, raster_figure, raster_of
from spikeref.trace.diff import Divergence, first_divergence
from spikeref.trace.populations import SPIKING_OPS
from spikeref.trace.reader import TraceFolder


def divergence_parts(expected: TraceFolder, got: TraceFolder) -> list[Markup]:
    """Return what a reader needs of the first divergence; UsageError as `first_divergence`."""
    found = first_divergence(expected, got)
    if found is None:
        return [paragraph(f"The two traces agree in every one of {len(expected):,} records.")]
    parts = [paragraph(sentence(found)), facts(_facts(found))]
    if found.field == "counts" and found.index is not None and found.op in SPIKING_OPS:
        parts.append(_rasters(expected, got, found, found.index))
    return parts


def sentence(found: Divergence) -> str:
    """Return the divergence in a sentence."""
    where = f"at token {found.token}, layer {found.layer}, {found.op}"
    match found.missing:
        case "expected":
            return f"The traces differ first {where}: the record is missing from the first trace."
        case "got":
            return f"The traces differ first {where}: the record is missing from the second trace."
        case None:
            pass
        case _:
            assert_never(found.missing)
    if found.field is None:
        return (
            f"The traces differ first {where}, in a field that they do not store; write both at"
            " level full to see it."
        )
    if found.index is None:
        return f"The traces differ first {where}: {found.field} has another shape."
    return (
        f"The traces differ first {where}: {found.field}, element {found.index}, is"
        f" {found.expected} in the first and {found.got} in the second."
    )


def _facts(found: Divergence) -> list[tuple[str, str]]:
    stated = {
        "token": found.token,
        "layer": found.layer,
        "operator": found.op,
        "field": found.field,
        "element": found.index,
        "first differing step": found.step,
        "first trace": found.expected,
        "second trace": found.got,
    }
    return [(name, str(value)) for name, value in stated.items() if value is not None]


def _rasters(expected: TraceFolder, got: TraceFolder, found: Divergence, index: int) -> Markup:
    # The neuron stands in the middle of what is shown.
    first = max(0, index - LARGEST_NEURONS // 2)
    tokens = range(found.token, found.token + 1)
    figures = []
    for trace, name in ((expected, "first"), (got, "second")):
        raster = raster_of(trace, found.layer, found.op, tokens, first)
        if raster is not None:
            figures.append(raster_figure(raster, f"divergence-{name}", f"{name.title()} trace: "))
    return gallery(figures)
