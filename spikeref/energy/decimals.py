"""Exact fractions as decimals of as many digits as a print has."""

from fractions import Fraction


def places_of(printed: str) -> int:
    """Return the number of digits behind the point: 3 of "0.090"."""
    return len(printed.partition(".")[2])


def half_up(value: Fraction, places: int) -> Fraction:
    """Return a value that is not negative, rounded to decimals, ties upwards."""
    scale = 10**places
    return Fraction((2 * value * scale + 1) // 2, scale)


def decimal(value: Fraction, places: int) -> str:
    """Return half_up(value) with all its digits: "0.090"."""
    scaled = int(half_up(value, places) * 10**places)
    whole, rest = divmod(scaled, 10**places)
    return f"{whole}.{rest:0{places}}" if places else str(whole)
