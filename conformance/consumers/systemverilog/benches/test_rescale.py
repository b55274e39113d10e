"""Rescale: sums and scales to outputs."""

from typing import Any

import cocotb
import numpy as np

from benches.given import Given, cases, flat, lasts
from spikeref.vectors.case import Case


async def _rescale(given: Given, case: Case) -> None:
    inputs, outputs = case.inputs, case.outputs
    assert outputs is not None
    sums, bits = inputs["accumulator"], int(case.parameters["bits"])
    given.dut.out_bits.value = bits
    channels = ("channel_mantissa", "channel_exponent", "bias")
    await given.load_channels(*(inputs[name] for name in channels))
    last = lasts(*sums.shape)
    for value, ends in zip(flat(outputs["output"]), last, strict=True):
        beat = {"out_value": value, "out_last": ends}
        if value not in (-(1 << (bits - 1)), (1 << (bits - 1)) - 1):
            # At the bounds a value may have been there before it was saturated.
            beat["out_saturated"] = 0
        given.scoreboard.expect("out", [beat], case.id)
    tokens = zip(flat(inputs["token_mantissa"]), flat(inputs["token_exponent"]), strict=True)
    scales = cocotb.start_soon(given.send("tok", tokens))
    await given.send("res", zip(flat(sums), last, strict=True))
    await scales
    await given.settle()


@cocotb.test()
async def rescale_gives_the_frozen_outputs(dut: Any) -> None:
    """Every case, with pauses."""
    given = await Given(dut, percent=30).start()
    for case in cases("rescale"):
        await _rescale(given, case)
    given.scoreboard.finish()


@cocotb.test()
async def rescale_forgets_a_row_at_reset(dut: Any) -> None:
    """Reset in the middle of a row: the next row starts with its first channel."""
    given = await Given(dut, percent=0).start()
    case = max(cases("rescale"), key=lambda one: one.inputs["accumulator"].shape[1])
    given.scoreboard.expect("out", [{}] * 2, "abandoned")
    scale = cocotb.start_soon(given.send("tok", [(1 << 15, 0)]))
    await given.send("res", [(np.int64(5), 0), (np.int64(6), 0)])
    await given.reset()
    scale.kill()
    given.dut.tok_valid.value = 0
    await _rescale(given, case)
    given.scoreboard.finish()
