"""Pictures by matplotlib as inline SVG: the same figure gives the same bytes."""

import io
import re
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from spikeref.errors import UsageError
from spikeref.report.markup import Markup

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

WIDTH = 4.0
"""Inches of a figure in a gallery: of 96 CSS pixels each, about the width of a phone."""

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
    "figure.constrained_layout.use": True,
    "figure.facecolor": "none",
    "legend.frameon": False,
}

_REFERENCE = re.compile(r'((?:xlink:)?href="#|url\(#)')
_IDENT = re.compile(r' id="([^"]+)"')
_FONT = re.compile(r"font: ([\d.]+)px [^;\"]*")


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
) -> Markup:
    """Return what `draw` puts on an empty figure, as SVG that tells its title and description.

    ident: unique in the page, letters, digits and dashes; height and width in inches.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        # A reader's own settings must not change the bytes of a page.
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        made = Figure(figsize=(width, height))
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
    # The page's style sheet names the font.
    drawn = _FONT.sub(r"font-size: \1px", drawn)
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


def frame(canvas: "Figure", left: float, right: float, bottom: float, top: float) -> None:
    """Leave these margins, in inches: a figure of known labels is drawn in half the time."""
    width, height = canvas.get_size_inches()
    canvas.set_layout_engine("none")
    canvas.subplots_adjust(
        left=left / width, right=1 - right / width, bottom=bottom / height, top=1 - top / height
    )
