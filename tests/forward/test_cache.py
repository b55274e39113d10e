"""The spiked cache: a pass that breaks off leaves nothing behind (ENG-8, ATT-12)."""

import numpy as np
import pytest

from spikeref.engine.dense import DENSE
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.model.layers import IntegerModel
from spikeref.trace.records import Record
from spikeref.trace.sinks import DigestSink, discard

PROMPT = np.array([3, 1, 4, 1], dtype=np.int64)
NEXT = np.array([5, 9], dtype=np.int64)


class _BrokenOffError(Exception):
    pass


def test_a_pass_that_broke_off_leaves_no_trace_in_the_next(tiny_model: IntegerModel) -> None:
    def break_in_layer_one(record: Record) -> None:
        if record.layer == 1 and record.op == "key_spikes":
            raise _BrokenOffError

    torn, whole = Cache(tiny_model.config.shape), Cache(tiny_model.config.shape)
    for cache in (torn, whole):
        forward(tiny_model, PROMPT, cache, DENSE, discard)
    with pytest.raises(_BrokenOffError):
        forward(tiny_model, PROMPT, torn, DENSE, break_in_layer_one)
    after_fault, undisturbed = DigestSink(), DigestSink()
    forward(tiny_model, NEXT, torn, DENSE, after_fault)
    forward(tiny_model, NEXT, whole, DENSE, undisturbed)
    assert after_fault.digests == undisturbed.digests
