"""Values outside the domains of chapter 2, each among good ones (CONF-10)."""

from collections.abc import Iterator

from spikeref.operations.operation import Parameters
from spikeref.operations.table import find_operation
from spikeref.suite.build import Tensors, accepted, refused
from spikeref.suite.draw import tensor
from spikeref.suite.grid import STANDARD_TABLE
from spikeref.vectors.case import Case

TOP = 1 << 62


def domain_cases() -> Iterator[Case]:
    """Yield the refusals of one value among good ones, beside the last value that is taken."""
    table = {"table": tensor(STANDARD_TABLE, "i64")}
    dividends = {"a": tensor([7, 8, 9], "i64")}
    ties: Parameters = {"ties": "half-even"}
    width: Parameters = {"ties": "half-even", "bits": 16}
    yield from _refused_value("round-div-by", "round_div", ties, dividends, "b", 1, (0, -1))
    yield from _refused_value("normalise-of", "normalise", width, {}, "a", 1, (0, -1))
    yield from _refused_value("isqrt-of", "isqrt", {}, {}, "x", 0, (-1,))
    yield from _refused_value("isqrt-up-to", "isqrt", {}, {}, "x", TOP - 1, (TOP,))
    yield from _refused_value("exp2-of", "exp2", ties, table, "a", 0, (-1,))


def _refused_value(
    name: str,
    operation: str,
    parameters: Parameters,
    rest: Tensors,
    argument: str,
    last: int,
    values: tuple[int, ...],
) -> Iterator[Case]:
    order = find_operation(operation).inputs

    def inputs(value: int) -> Tensors:
        given = {**rest, argument: tensor([5, value, 9], "i64")}
        return {key: given[key] for key in order}

    yield accepted(
        f"{name}-last-valid",
        operation,
        "The last value of the domain: catches a refusal one too early.",
        parameters,
        inputs(last),
    )
    for value in values:
        sign = "minus" if value < 0 else "plus"
        yield refused(
            f"{name}-{sign}-{abs(value)}",
            operation,
            "range",
            "One value outside the domain among good ones: catches a device that computes on"
            " regardless, or looks at the first or last element alone.",
            parameters,
            inputs(value),
            beside=f"{name}-last-valid",
        )
