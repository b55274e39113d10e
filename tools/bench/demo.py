"""How long the first command that a newcomer runs takes."""

from tools.bench.child import spikeref_cost
from tools.bench.plan import Measurement, Plan
from tools.bench.report import Figure, Row, Target
from tools.bench.timing import interleave, spread

TARGET = Target(relation="<", value=15.0)


def measure(plan: Plan) -> list[Row]:
    """Return the row `demo`: wall time of the whole process."""
    calls = {"demo": lambda: spikeref_cost("demo", "--json")}
    costs = interleave(calls, plan.rounds(3, 1), warm_up=False)["demo"]
    figure = Figure(
        name="spikeref demo --json",
        spread=spread([cost.wall for cost in costs]),
        unit="s",
        target=TARGET,
        beside={"cpu s": spread([cost.cpu for cost in costs]).median},
    )
    return [Row(name="demo", figures=[figure])]


MEASUREMENT = Measurement(rows={"demo": TARGET}, measure=measure)
