"""Forms and codes of OAT neurons for Hypothesis, and NEUR-3 once more in exact fractions."""

from fractions import Fraction

from hypothesis import strategies as st

from spikeref.errors import UsageError
from spikeref.neurons.multi_threshold import Rule
from spikeref.neurons.outlier_aware import OatCode, TrainForm

RULES = st.sampled_from(list(Rule))
FORMS = st.builds(
    TrainForm, steps=st.integers(10, 16), levels=st.integers(1, 15), rule=RULES, gate=RULES
)


def code_of(form: TrainForm, normal: int, outlier: int) -> OatCode | None:
    """Return the code, or None where NEUR-3 excludes it."""
    try:
        return OatCode(form=form, normal=normal, outlier=outlier)
    except UsageError:
        return None


@st.composite
def codes(draw: st.DrawFn, largest: int = 1 << 32) -> OatCode:
    """Codes with thresholds up to `largest`: powers of two, and small multiples of one number."""
    form = draw(FORMS)
    divisor = draw(st.integers(1, max(1, largest >> 12)))
    # Values keep below 2^30, so the larger the counts the smaller the ratios.
    most = ((1 << 30) - 1) // ((2 * form.levels - 1) * ((1 << form.steps) - 1))
    first, second = (draw(st.integers(1, min(most, 1 << 12))) for _ in range(2))
    code = code_of(form, divisor * min(first, second), divisor * max(first, second))
    assert code is not None
    return code


def levels_by_definition(x: Fraction, threshold: int, form: TrainForm) -> list[int]:
    """s_1 … s_T of NEUR-2 for a magnitude x in the units of the threshold, in fractions."""
    rest = min(x, Fraction(threshold))
    fired = []
    for step in range(1, form.steps + 1):
        unit = Fraction(threshold, form.levels << step)
        sizes = range(form.levels, 2 * form.levels)
        if form.rule is Rule.BELOW:
            reached = [s for s in sizes if s * unit < rest]
        else:
            reached = [s for s in sizes if s * unit <= rest]
        fired.append(max(reached, default=0))
        rest -= fired[-1] * unit
    return fired


def encoded_by_definition(x: int, fraction_bits: int, code: OatCode) -> tuple[int, bool]:
    """c and o of NEUR-3, in fractions of 2^16."""
    magnitude = Fraction(abs(x), 1 << (fraction_bits - 16))
    outlier = magnitude >= code.normal if code.form.gate is Rule.BELOW else magnitude > code.normal
    threshold = code.outlier if outlier else code.normal
    fired = levels_by_definition(magnitude, threshold, code.form)
    count = sum(s << (code.form.steps - t) for t, s in enumerate(fired, start=1))
    return (-count if x < 0 else count), outlier
