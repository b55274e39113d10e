"""The cache of LAS holds what was written, and nothing after it (LAS-7)."""

import numpy as np

from spikeref.forward.las_cache import OatCache
from spikeref.neurons.outlier_aware import OatCode, OatSpikes, TrainForm, encode_oat
from spikeref.neurons.spike_numbers import spikes_of_rows

CODE = OatCode(form=TrainForm(), normal=1 << 16, outlier=1 << 20)


def spikes(first: int, count: int) -> OatSpikes:
    x = np.arange(first, first + count, dtype=np.int64).reshape(count, 1, 1) << 14
    return encode_oat(x, 16, CODE)


def test_positions_follow_each_other() -> None:
    cache = OatCache(1, 1)
    for first, count in ((0, 3), (3, 1), (4, 5)):
        cache.write(spikes(first, count), first)
    held, whole = cache.view(), spikes(0, 9)
    assert held.counts.tolist() == whole.counts.tolist()
    assert held.outliers.tolist() == whole.outliers.tolist()
    assert cache.spikes.tolist() == spikes_of_rows(whole).tolist()


def test_writing_again_leaves_nothing_after() -> None:
    """An abandoned pass leaves no trace (ENG-8)."""
    cache = OatCache(1, 1)
    cache.write(spikes(0, 6), 0)
    cache.write(spikes(90, 2), 2)
    expected = [*spikes(0, 2).counts[:, 0, 0].tolist(), *spikes(90, 2).counts[:, 0, 0].tolist()]
    assert cache.view().counts[:, 0, 0].tolist() == expected
    cache.write(spikes(50, 1), 0)
    assert cache.view().counts.tolist() == spikes(50, 1).counts.tolist()
