"""Packets of weighted spikes, and faulty deliveries of them (NEUR-9, EVENT-4 to EVENT-6)."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeref.engine import las_asynchronous
from spikeref.engine.events import (
    Arrival,
    EventQueue,
    Events,
    Reversed,
    Shuffled,
    Sorted,
    pack_events,
)
from spikeref.engine.las_events import (
    SOURCE_BITS,
    WEIGHTED_PACKETS,
    by_weight,
    weighted_events_of,
)
from spikeref.errors import DeliveryError
from spikeref.neurons.binary_train import BinaryTrain
from spikeref.neurons.outlier_aware import OatCode, TrainForm, encode_oat
from tests.engine.las_populations import (
    CODES,
    random_spikes,
    random_weights,
    wide_synaptic,
)

CODE = OatCode(form=TrainForm(steps=12, levels=3), normal=1 << 10, outlier=5 << 10)
SPIKES = encode_oat(np.array([300, -1024, 0, 5000, -7, 2000], dtype=np.int64), 16, CODE)
NEURONS, STEPS, EPOCH = SPIKES.counts.size, 12, 5

ORDERS = [Sorted(), Reversed(), Shuffled(4)]
SIZES = [1, 7, 1000]
Words = NDArray[np.uint64]


def packets(epoch: int = EPOCH) -> Words:
    return pack_events(weighted_events_of(SPIKES.train, SPIKES.outliers), epoch, SOURCE_BITS)


def deliver(words: Words, arrival: Arrival, batch: int) -> list[int]:
    """Pop everything and add up what the events weigh; return the sums."""
    queue = EventQueue(EPOCH, arrival, batch, WEIGHTED_PACKETS)
    queue.push(words)
    sums = [0] * NEURONS
    for arrived in queue.batches(NEURONS, STEPS):
        for events in by_weight(arrived, STEPS, CODE.form.levels, CODE.ratios):
            for sources, sign in ((events.rising, 1), (events.falling, -1)):
                for source in sources.tolist():
                    sums[source] += sign * events.weight
    return sums


def recounted(words: Words) -> Words:
    """The same events behind an end marker that counts them, so that only the fault remains."""
    end = np.uint64((EPOCH << 38) | (1 << 37) | (words.size - 1))
    return np.concatenate([words[:-1], np.array([end], dtype=np.uint64)])


def word(source: int, outlier: bool, step: int, level: int, negative: bool, epoch: int) -> int:
    """The layout of NEUR-9 in shifts."""
    fields = source | outlier << 27 | (step - 1) << 28 | level << 32 | negative << 36
    return fields | epoch % (1 << 26) << 38


@pytest.mark.parametrize("code", CODES.values(), ids=list(CODES))
@pytest.mark.parametrize("epoch", [0, 7, (1 << 26) - 1, (1 << 26) + 3])
def test_words(code: OatCode, epoch: int) -> None:
    """In order of time step, then source: each spike with its polarity, sub-neuron and level."""
    spikes = random_spikes(code, (12,), seed=3)
    form = code.form
    expected = []
    for step in range(1, form.steps + 1):
        for source, (count, outlier) in enumerate(
            zip(spikes.counts.tolist(), spikes.outliers.tolist(), strict=True)
        ):
            rest, size = abs(count), 0
            for t in range(1, step + 1):
                sizes = range(form.levels, 2 * form.levels)
                size = max((s for s in sizes if s << (form.steps - t) <= rest), default=0)
                rest -= size << (form.steps - t)
            if size:
                level = size - form.levels
                expected.append(word(source, outlier, step, level, count < 0, epoch))
    expected.append(epoch % (1 << 26) << 38 | 1 << 37 | len(expected))
    found = pack_events(weighted_events_of(spikes.train, spikes.outliers), epoch, SOURCE_BITS)
    assert [hex(w) for w in found.tolist()] == [hex(w) for w in expected]


def test_the_last_source_and_the_largest_level() -> None:
    train = BinaryTrain(counts=np.array([29 * 32768]), steps=16, levels=15)
    (events,) = pack_events(weighted_events_of(train, np.array([True])), 0, SOURCE_BITS)[:-1]
    assert int(events) == word(0, True, 1, 14, False, 0)
    (weighted,) = by_weight(weighted_events_of(train, np.array([True])), 16, 15, (1, 3))
    assert weighted.weight == 29 * 32768 * 3


@pytest.mark.parametrize("arrival", ORDERS)
@pytest.mark.parametrize("batch", SIZES)
class TestFaults:
    def test_a_faultless_delivery(self, arrival: Arrival, batch: int) -> None:
        assert deliver(packets(), arrival, batch) == SPIKES.values.tolist()

    def test_every_lost_event(self, arrival: Arrival, batch: int) -> None:
        words = packets()
        for k in range(words.size - 1):
            with pytest.raises(DeliveryError, match="lost"):
                deliver(np.delete(words, k), arrival, batch)

    @pytest.mark.parametrize("changed", [0, 1 << 27, 1 << 32, 1 << 36])
    def test_every_doubled_event(self, arrival: Arrival, batch: int, changed: int) -> None:
        """Also with another sub-neuron, level or polarity: a neuron fires once a step."""
        words = packets()
        for k in range(words.size - 1):
            doubled = np.insert(words, 0, words[k] ^ np.uint64(changed))
            for faulty in (doubled, recounted(doubled)):
                with pytest.raises(DeliveryError, match=r"twice|no level"):
                    deliver(faulty, arrival, batch)

    def test_an_event_of_a_level_that_is_none(self, arrival: Arrival, batch: int) -> None:
        """Such an event would weigh what no spike of NEUR-5 does (NEUR-9)."""
        words = packets()
        for k in range(words.size - 1):
            raised = words.copy()
            raised[k] |= np.uint64(15 << 32)
            with pytest.raises(DeliveryError, match="no level"):
                deliver(raised, arrival, batch)

    def test_an_event_of_another_epoch(self, arrival: Arrival, batch: int) -> None:
        words = packets()
        for epoch in (0, EPOCH - 1, EPOCH + 1, (1 << 26) - 1):
            stray = packets(epoch)[:1]
            with pytest.raises(DeliveryError, match="another epoch"):
                deliver(np.concatenate([words[:3], stray, words[3:]]), arrival, batch)

    def test_end_markers(self, arrival: Arrival, batch: int) -> None:
        words = packets()
        with pytest.raises(DeliveryError, match="0 end markers"):
            deliver(words[:-1], arrival, batch)
        with pytest.raises(DeliveryError, match="2 end markers"):
            deliver(np.append(words, words[-1]), arrival, batch)
        for off in (-1, 1, 1 << 20, 1 << 27):
            wrong = words.copy()
            wrong[-1] = np.uint64(int(wrong[-1]) + off)
            with pytest.raises(DeliveryError, match="end marker counts"):
                deliver(wrong, arrival, batch)

    def test_a_source_or_step_out_of_range(self, arrival: Arrival, batch: int) -> None:
        for source, step in ((NEURONS, 1), ((1 << 27) - 1, 1), (0, STEPS + 1), (0, 16)):
            words = packets()
            words[4] = np.uint64(word(source, False, step, 0, False, EPOCH))
            with pytest.raises(DeliveryError, match="no neuron or step"):
                deliver(words, arrival, batch)


@given(order=st.permutations(range(packets().size - 1)), batch=st.integers(1, 20))
def test_events_commute(order: list[int], batch: int) -> None:
    words = packets()
    shuffled = np.concatenate([words[order], words[-1:]])
    assert deliver(shuffled, Sorted(), batch) == SPIKES.values.tolist()


def test_a_faulty_product_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine itself: a queue that loses or doubles an event never gives a sum."""
    code = CODES["levels"]
    spikes = random_spikes(code, (1, 5), seed=1)
    engine = las_asynchronous.las_asynchronous(Shuffled(2), 3)
    for damage, message in (
        (lambda words: np.delete(words, 2), "lost"),
        (lambda words: np.insert(words, 2, words[5]), "twice"),
    ):

        def damaged(
            events: Events, epoch: int, bits: int, damage: Callable[[Words], Words] = damage
        ) -> Words:
            return damage(pack_events(events, epoch, bits))

        monkeypatch.setattr(las_asynchronous, "pack_events", damaged)
        with pytest.raises(DeliveryError, match=message):
            engine.saw(spikes, wide_synaptic(random_weights(5, 2), code))
        with pytest.raises(DeliveryError, match=message):
            list(engine.saa(spikes, random_spikes(code, (5, 2), seed=2), 1 << 61))
        with pytest.raises(DeliveryError, match=message):
            engine.hadamard(spikes.train, spikes.train)
