"""The page: what is asked for, gathered from one or two traces, as one HTML text."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from itertools import count

from spikeref.energy.breakdown import trace_breakdown
from spikeref.energy.observed import firing_by_place
from spikeref.energy.table import EnergyTable
from spikeref.errors import TraceError, UsageError
from spikeref.model.any_model import AnyModel
from spikeref.model.las_profile import LasProfile
from spikeref.model.layers import IntegerModel
from spikeref.report.costs import cost_parts
from spikeref.report.divergence import divergence_parts
from spikeref.report.histograms import histogram_figure, histograms
from spikeref.report.markup import Markup, gallery, heading, joined, paragraph, section
from spikeref.report.overview import overview
from spikeref.report.pictures import require_matplotlib
from spikeref.report.rasters import raster_figure, raster_of
from spikeref.report.rates import rate_parts
from spikeref.report.widths import observed_signals, width_table
from spikeref.trace.populations import require_counts, spiking_ops
from spikeref.trace.reader import TraceFolder
from spikeref.trace.show import firing

LARGEST_CHOICE = 12
"""Layers drawn, so that a page stays below 3 MB."""

NO_COUNTS = "This trace is of level digest, which stores no spikes; write one of level counts."


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a page draws."""

    layers: tuple[int, ...]
    tokens: range


def choose(trace: TraceFolder, layers: tuple[int, ...] | None, token: int | None) -> Chosen:
    """Return what is asked for, or the first, middle and last layer and all tokens.

    UsageError where the trace does not have it, or where it is too much for a page.
    """
    manifest = trace.manifest
    if layers is not None or token is not None:
        require_counts(trace)
    if layers is None:
        last = manifest.layers - 1
        layers = tuple(sorted({0, last // 2, last}))
    for layer in layers:
        if not 0 <= layer < manifest.layers:
            raise UsageError(
                f"--layers: {layer} given; {trace.path} has layers 0 to {manifest.layers - 1}"
            )
    if len(layers) > LARGEST_CHOICE:
        raise UsageError(f"--layers: {len(layers)} given, a page shows at most {LARGEST_CHOICE}")
    length = len(manifest.tokens)
    if token is None:
        return Chosen(layers=layers, tokens=range(length))
    if not 0 <= token < length:
        raise UsageError(f"--token: {token} given; {trace.path} has tokens 0 to {length - 1}")
    return Chosen(layers=layers, tokens=range(token, token + 1))


def page(
    trace: TraceFolder,
    chosen: Chosen,
    second: TraceFolder | None,
    model: AnyModel | None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> str:
    """Return the page, which needs nothing but itself.

    model: the compiled model, for proven widths and for the energy of LAS. progress: told of drawn
    parts, done and all; a layer has two.
    UsageError: matplotlib is missing, `second` or `model` do not belong to `trace`.
    """
    require_matplotlib()
    if model is not None and model.digest != trace.manifest.model_digest:
        raise UsageError(f"{trace.path}: a trace of another model than {model.folder}")
    fired = firing(trace)
    about = overview(trace.manifest, fired, None if second is None else second.manifest)
    sections = [("trace", "What the trace is of", [about])]
    if second is not None:
        sections.append(("divergence", "First divergence", divergence_parts(trace, second)))
    if trace.manifest.level == "digest":
        sections.append(("spikes", "Spikes", [paragraph(NO_COUNTS, "note")]))
    else:
        places = firing_by_place(trace)
        numbers = count(1)

        def drawn() -> None:
            progress(next(numbers), 2 * len(chosen.layers))

        layers = trace.manifest.layers
        sections += [
            ("firing", "Firing rates", rate_parts(fired, places, layers) if fired else [_none()]),
            ("energy", "Energy", _energy(trace, model)),
            ("rasters", "Spike rasters", list(_rasters(trace, chosen, drawn))),
            ("histograms", "Count histograms", list(_histograms(trace, chosen, drawn))),
            ("widths", "Ranges and widths", _widths(trace, model)),
        ]
    return _document(_title(trace), sections)


def _title(trace: TraceFolder) -> str:
    manifest = trace.manifest
    length = len(manifest.tokens)
    tokens = "1 token" if length == 1 else f"{length} tokens"
    return f"The spikes of {tokens} under {manifest.profile.name}"


def _none() -> Markup:
    return paragraph("The trace holds no record of a population that fires.", "note")


def _rasters(trace: TraceFolder, chosen: Chosen, drawn: Callable[[], None]) -> Iterator[Markup]:
    yield paragraph(
        "A blue mark is a positive spike, a vermilion one a negative spike. Of large populations"
        " the first neurons are shown, of long runs the first tokens."
    )
    for layer in chosen.layers:
        found = [raster_of(trace, layer, op, chosen.tokens) for op in spiking_ops(trace)]
        figures = [raster_figure(one) for one in found if one is not None]
        drawn()
        yield heading(f"Rasters of layer {layer}")
        yield gallery(figures) if figures else _none()


def _histograms(trace: TraceFolder, chosen: Chosen, drawn: Callable[[], None]) -> Iterator[Markup]:
    if isinstance(trace.manifest.profile, LasProfile):
        yield paragraph("How many spikes a neuron fires for one token, whatever their weights.")
    elif trace.manifest.level == "full":
        yield paragraph(
            "The same membrane potentials encoded twice: symmetric counts fire spikes of either"
            " sign, asymmetric ones shift the range and fire for every step above its least value."
        )
    else:
        yield paragraph(
            "The counts of the trace. One of level full also stores the potentials, from which"
            " the other encoding follows."
        )
    for layer in chosen.layers:
        found = [(op, histograms(trace, layer, op, chosen.tokens)) for op in spiking_ops(trace)]
        figures = [histogram_figure(some, layer, op) for op, some in found if some]
        drawn()
        yield heading(f"Histograms of layer {layer}")
        yield gallery(figures) if figures else _none()


def _energy(trace: TraceFolder, model: AnyModel | None) -> list[Markup]:
    if isinstance(trace.manifest.profile, LasProfile) and model is None:
        why = "A trace of LAS does not tell its model's shapes; give the compiled model with"
        return [paragraph(f"{why} --model-folder to see what the run cost.", "note")]
    table = EnergyTable()
    try:
        found = trace_breakdown(trace, model, table)
    except TraceError:
        why = "The trace lacks records of a whole run, from which its energy would follow."
        return [paragraph(why, "note")]
    return cost_parts(found, table, trace.manifest.layers)


def _widths(trace: TraceFolder, model: AnyModel | None) -> list[Markup]:
    decoder = model if isinstance(model, IntegerModel) else None
    if decoder is not None:
        words = "Each signal beside the two's complement width that is proven for it."
    elif isinstance(trace.manifest.profile, LasProfile):
        words = "Each signal beside the width that the trace format declares for it."
    else:
        words = (
            "Each signal beside the width that the trace format declares for it. With the compiled"
            " model (--model-folder), the proven widths stand here."
        )
    if trace.manifest.level == "counts":
        words += " At level counts a trace stores few of the signals; one of level full has all."
    found = observed_signals(trace, decoder)
    return [paragraph(words), width_table(found, trace.manifest.layers)] if found else [_none()]


def _document(title: str, sections: list[tuple[str, str, list[Markup]]]) -> str:
    style = files("spikeref.report").joinpath("page.css").read_text(encoding="utf-8")
    links = "".join(
        f'<li><a href="#{ident}">{escape(name)}</a></li>' for ident, name, _ in sections
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{escape(title)}</title>
<style>
{style.strip()}
</style>
</head>
<body>
<header>
<h1>{escape(title)}</h1>
</header>
<nav aria-label="Sections">
<ul>{links}</ul>
</nav>
<main>
{joined([section(ident, name, *parts) for ident, name, parts in sections])}
</main>
<footer>
<p>Written by spikeref report.</p>
</footer>
</body>
</html>
"""


POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""A browser loads nothing from elsewhere and runs no script."""
