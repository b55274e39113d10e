"""Every threshold of the encoders, one unit below, at and above it (ENC-2 to ENC-4)."""

from collections.abc import Iterator

from spikeref.suite.build import accepted, widened
from spikeref.suite.draw import tensor
from spikeref.suite.grid import BITS, RATIOS, TIES, Setting
from spikeref.vectors.case import Case

POWER = 1 << 20
FEW_BITS = 4
"""Up to here all ratios are tried; longer trains have many thresholds."""

LONGEST = 6
"""Up to here both tie rules are tried with every ratio."""

RANGES = {2: 4, 3: 4, 4: 4, 5: 2, 6: 1, 7: 1, 8: 1}
"""How many ranges are tried for each number of bits."""


def threshold_cases() -> Iterator[Case]:
    """Yield the cases of encode that walk its thresholds."""
    for bits in BITS:
        for ratio in RATIOS if bits <= FEW_BITS else RATIOS[:2]:
            for ties in TIES if bits <= LONGEST or ratio == (1, 1) else TIES[1:]:
                yield _symmetric(Setting(bits=bits, encoding="ternary", ratio=ratio, ties=ties))
        for ratio in RATIOS[:3] if bits <= FEW_BITS else RATIOS[:2]:
            for ties in TIES if bits <= LONGEST or ratio == (1, 1) else TIES[1:]:
                yield _asymmetric(Setting(bits=bits, encoding="binary", ratio=ratio, ties=ties))


def _symmetric(setting: Setting) -> Case:
    _, denominator = setting.ratio
    # With this range every threshold is an integer, so that it is met exactly.
    exact = 2 * setting.levels * denominator * 5
    ranges = [exact, POWER, POWER - 1, POWER + 1]
    rows = [_ternary_row(setting, amax) for amax in ranges[: RANGES[setting.bits]]]
    return accepted(
        f"encode-thresholds-{setting.slug}",
        "encode",
        "Potentials at every threshold and one unit beside it, both signs, exact ties and ranges"
        " at, below and above 2^20: catches > for >=, a tie rule by sign, -2^(b-1) lost or gained.",
        setting.encoder,
        {"v": tensor(widened(rows), "i32")},
        provenance="exhaustive",
    )


def _ternary_row(setting: Setting, amax: int) -> list[int]:
    """Return potentials of range amax about every threshold k·amax·r_n/(q·r_d) − half of it."""
    numerator, denominator = setting.ratio
    found = set()
    for k in range(1, (1 << (setting.bits - 1)) + 1):
        middle = (2 * k - 1) * numerator * amax // (2 * setting.levels * denominator)
        found |= {middle - 1, middle, middle + 1}
    kept = sorted(v for v in found if v <= amax)
    return [amax, *kept, -amax, *(-v for v in kept)]


def _asymmetric(setting: Setting) -> Case:
    _, denominator = setting.ratio
    exact = 2 * setting.levels * denominator * 4
    rows = [
        _binary_row(setting, -(exact // 4), exact),
        _binary_row(setting, -(POWER // 4) - 1, POWER),
    ]
    return accepted(
        f"encode-thresholds-{setting.slug}",
        "encode",
        "Potentials at every threshold of asymmetric counts and one unit beside it: catches a"
        " floor, a zero point rounded together with the quotient, and a range of the maximum.",
        setting.encoder,
        {"v": tensor(widened(rows[: RANGES[setting.bits]]), "i32")},
        provenance="exhaustive",
    )


def _binary_row(setting: Setting, low: int, spread: int) -> list[int]:
    numerator, denominator = setting.ratio
    high, found = low + spread, set()
    for k in range(-setting.levels, setting.levels + 2):
        middle = (2 * k - 1) * numerator * spread // (2 * setting.levels * denominator)
        found |= {middle - 1, middle, middle + 1}
    return [low, high, *sorted(v for v in found if low <= v <= high)]
