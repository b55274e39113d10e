"""THM-14: increments of products of trains sum to the product, however spikes arrive (LAS-8, 9)."""

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeref.engine.las_products import LasEngine
from spikeref.engine.las_synchronous import LAS_SYNCHRONOUS
from spikeref.neurons.outlier_aware import OatSpikes
from tests.theorems.weighted_spikes import populations, small_codes, spikes_one_by_one


@st.composite
def operands(draw: st.DrawFn) -> tuple[OatSpikes, OatSpikes]:
    """Trains of a [K] and b [K, M] whose codes share nothing but the number of steps."""
    inner, targets = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    a = draw(small_codes())
    b = draw(small_codes().filter(lambda code: code.form.steps == a.form.steps))
    return draw(populations(a, (inner,))), draw(populations(b, (inner, targets)))


def product(a: OatSpikes, b: OatSpikes) -> list[int]:
    columns = b.values.T.tolist()
    return [sum(x * y for x, y in zip(a.values.tolist(), c, strict=True)) for c in columns]


@settings(max_examples=80)
@given(both=operands(), random=st.randoms(use_true_random=False))
def test_any_arrival(both: tuple[OatSpikes, OatSpikes], random: Random) -> None:
    """A spike of a adds what has arrived of b, and the other way round."""
    a, b = both
    events = [(0, s) for s in spikes_one_by_one(a)] + [(1, s) for s in spikes_one_by_one(b)]
    random.shuffle(events)
    held = [0] * len(a.counts)
    arrived = [[0] * b.counts.shape[1] for _ in held]
    total = [0] * b.counts.shape[1]
    for operand, spike in events:
        if operand == 0:
            (k,) = spike.place
            held[k] += spike.weight
            total = [t + spike.weight * x for t, x in zip(total, arrived[k], strict=True)]
        else:
            k, m = spike.place
            arrived[k][m] += spike.weight
            total[m] += spike.weight * held[k]
    assert total == product(a, b)


@settings(max_examples=60)
@given(both=operands())
def test_increments_of_equal_steps(both: tuple[OatSpikes, OatSpikes]) -> None:
    """a(t)·Bs(t) + As(t−1)·b(t): after each step t the sum is As(t)·Bs(t), at the end a·b."""
    a, b = both
    of_a, of_b = spikes_one_by_one(a), spikes_one_by_one(b)
    total = np.zeros(b.counts.shape[1], dtype=object)
    increments = [i[0].tolist() for i in LAS_SYNCHRONOUS.saa(a[None], b, 1 << 61)]
    assert len(increments) == a.code.form.steps
    for step, increment in enumerate(increments, start=1):
        total = total + np.array(increment, dtype=object)
        expected = [0] * b.counts.shape[1]
        for left in (s for s in of_a if s.step <= step):
            for right in (s for s in of_b if s.step <= step and s.place[0] == left.place[0]):
                expected[right.place[1]] += left.weight * right.weight
        assert total.tolist() == expected
    assert total.tolist() == product(a, b)


@given(both=operands(), random=st.randoms(use_true_random=False))
def test_element_by_element(both: tuple[OatSpikes, OatSpikes], random: Random) -> None:
    """The spike Hadamard product of counts: any arrival, and equation 13 step by step."""
    a, b = both
    left, right = a.train, b.train
    unweighted = [
        (operand, spike)
        for operand, spikes in ((0, a), (1, b))
        for spike in spikes_one_by_one(
            OatSpikes(
                counts=spikes.counts, outliers=np.zeros(spikes.counts.shape, bool),
                code=type(spikes.code)(form=spikes.code.form, normal=1, outlier=1),
            )
        )
    ]  # fmt: skip
    random.shuffle(unweighted)
    inner, targets = b.counts.shape
    held, arrived = [0] * inner, [[0] * targets for _ in range(inner)]
    total = [[0] * targets for _ in range(inner)]
    for operand, spike in unweighted:
        if operand == 0:
            (k,) = spike.place
            held[k] += spike.weight
            for m in range(targets):
                total[k][m] += spike.weight * arrived[k][m]
        else:
            k, m = spike.place
            arrived[k][m] += spike.weight
            total[k][m] += spike.weight * held[k]
    expected = [
        [x * y for y in row]
        for x, row in zip(a.counts.tolist(), b.counts.tolist(), strict=True)
    ]  # fmt: skip
    assert total == expected
    engine: LasEngine = LAS_SYNCHRONOUS
    column = type(left)(counts=left.counts[:, None], steps=left.steps, levels=left.levels)
    assert engine.hadamard(column, right).tolist() == expected
