"""Pictures by matplotlib as inline SVG: the same figure gives the same bytes."""

import io
import re
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any, TypeAlias

from spikeref.errors import UsageError
from spikeref.report.markup import Markup

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

WIDTH = 4.0
"""Inches of a figure in a gallery: of 96 CSS pixels each, about the width of a phone."""

Margins: TypeAlias = tuple[float, float, float, float]
"""Left, right, bottom, top, in inches."""

POSITIVE, NEGATIVE = "#0072b2", "#d55e00"
"""Blue and vermilion: told apart by readers who do not tell red from green."""
INK, RULE = "#1c1c1c", "#8a8a8a"

SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "spikeref",
    "font.size": 9.0,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "figure.facecolor": "none",
    "legend.frameon": False,
}

_REFERENCE = re.compile(r'((?:xlink:)?href="#|url\(#)')
_IDENT = re.compile(r' id="([^"]+)"')
_FONT = re.compile(r"(font: [\d.]+px|font-family:) [^;\"]*;? ?")
_TAG = re.compile(r"<(?!image)[^>]+>")
_DECIMALS = re.compile(r"(\.\d\d)\d+")
_IDLE = re.compile(r'<g/>|(?: transform="rotate\(-0 [^"]*")')


def require_matplotlib() -> None:
    """Refuse to draw where matplotlib is missing: UsageError."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise UsageError(
            "pictures need matplotlib, which is not installed; pip install 'spikeref[plot]'"
        ) from None


def picture(
    ident: str,
    title: str,
    description: str,
    height: float,
    draw: Callable[["Figure"], None],
    width: float = WIDTH,
    margins: Margins | None = None,
) -> Markup:
    """Return what `draw` puts on an empty figure, as SVG that tells its title and description.

    ident: unique in the page, letters, digits and dashes; height and width in inches. With
    margins a figure is drawn in half the time; without, they are found for its labels.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        # A reader's own settings must not change the bytes of a page.
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        made = Figure(figsize=(width, height), layout="constrained" if margins is None else None)
        if margins is not None:
            left, right, bottom, top = margins
            made.subplots_adjust(left / width, bottom / height, 1 - right / width, 1 - top / height)
        draw(made)
        written = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        made.savefig(written, format="svg", metadata=nothing)
    return inline(written.getvalue(), ident, title, description)


def inline(svg: str, ident: str, title: str, description: str) -> Markup:
    """Return an SVG document as an element of a page, its names made unique by `ident`."""
    _, opening, rest = svg.partition("<svg")
    head, _, body = rest.partition(">")
    box = re.search(r'viewBox="[^"]+"', head)
    drawn = re.sub(r"<!--.*?-->|<\?xml.*?\?>|<metadata>.*?</metadata>", "", body, flags=re.S)
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', drawn))

    def unique(found: re.Match[str]) -> str:
        return f' id="{ident}-{found[1]}"' if found[1] in used else ""

    drawn = _REFERENCE.sub(rf"\g<1>{ident}-", _IDENT.sub(unique, drawn))
    # The page's style sheet names the font; a hundredth of a point is below what a screen shows.
    drawn = _IDLE.sub("", _FONT.sub(_size_alone, drawn))
    drawn = _TAG.sub(lambda tag: _DECIMALS.sub(r"\1", tag[0]), drawn)
    drawn = "\n".join(line.strip() for line in drawn.splitlines() if line.strip())
    return Markup(
        f'{opening} role="img" aria-labelledby="{ident}-title" aria-describedby="{ident}-desc"'
        f' {box[0] if box else ""} xmlns="http://www.w3.org/2000/svg"'
        ' xmlns:xlink="http://www.w3.org/1999/xlink">\n'
        f'<title id="{ident}-title">{escape(title)}</title>\n'
        f'<desc id="{ident}-desc">{escape(description)}</desc>\n{drawn}'
    )


def whole_numbers(axis: "Axis", most: int) -> None:
    """Mark an axis at whole numbers only, at most so many of them."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(most, integer=True))


def _size_alone(font: re.Match[str]) -> str:
    """Return the size of a font without its families; older releases write both together."""
    size = font[1].removeprefix("font: ")
    return "" if size == "font-family:" else f"font-size: {size}; "
