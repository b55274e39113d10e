"""Encoder and normalise: potentials to range, scale and counts."""

from typing import Any

import cocotb
import numpy as np

from benches.given import Given, build, cases, flat, lasts
from spikeref.operations.table import run_operation
from spikeref.vectors.case import Case


async def _encode(given: Given, case: Case) -> None:
    v, outputs = case.inputs["v"], case.outputs
    assert outputs is not None
    last = lasts(*v.shape)
    given.expect("rng", zip(flat(outputs["range"]), strict=True), case.id)
    scales = zip(flat(outputs["mantissa"]), flat(outputs["exponent"]), strict=True)
    given.expect("scl", scales, case.id)
    given.expect("cnt", zip(flat(outputs["counts"]), last, strict=True), case.id)
    await given.send("enc", zip(flat(v), last, strict=True))
    await given.settle()


@cocotb.test()
async def encoder_gives_the_frozen_counts(dut: Any) -> None:
    """Every case, rows back to back, without a pause: a stale range would show."""
    given = await Given(dut, percent=0).start()
    for case in cases("encode"):
        await _encode(given, case)
    given.scoreboard.finish()


@cocotb.test()
async def token_scale_rounds_at_every_tie(dut: Any) -> None:
    """Ranges at ties of both parities, one less and more, and where rounding carries (ENC-7)."""
    given = await Given(dut, percent=0).start()
    ranges = [1, 2, 3, (1 << 15) - 1, 1 << 15, (1 << 16) - 1, 1 << 16]
    for places in range(1, 15):
        half, even = 1 << (places - 1), 1 << (15 + places)
        for whole in (even, even + (1 << places), (even << 1) - (1 << places)):
            ranges += [whole + half - 1, whole + half, whole + half + 1]
    v = np.array([[one] for one in ranges if one <= 1 << 30], dtype=np.int32)
    encoder = build().profile.encoder()
    parameters = {
        "bits": encoder.bits,
        "encoding": encoder.encoding.value,
        "ratio_n": encoder.clip_ratio.numerator,
        "ratio_d": encoder.clip_ratio.denominator,
        "ties": encoder.ties.value,
    }
    found = run_operation("encode", parameters, {"v": v})
    scales = zip(flat(found["mantissa"]), flat(found["exponent"]), strict=True)
    given.expect("rng", zip(flat(found["range"]), strict=True), "ties of the scale")
    given.expect("scl", scales, "ties of the scale")
    given.expect("cnt", zip(flat(found["counts"]), [1] * len(v), strict=True), "single neurons")
    await given.send("enc", zip(flat(v), [1] * len(v), strict=True))
    await given.settle()
    given.scoreboard.finish()


@cocotb.test()
async def encoder_is_invariant_under_stalls(dut: Any) -> None:
    """A few cases with pauses on every stream."""
    given = await Given(dut, percent=60).start()
    for case in cases("encode")[:6]:
        await _encode(given, case)
    given.scoreboard.finish()


@cocotb.test()
async def encoder_forgets_a_row_at_reset(dut: Any) -> None:
    """A large outlier before the reset must not be in the range of the next row."""
    given = await Given(dut, percent=0).start()
    case = cases("encode")[0]
    await given.send("enc", [(1 << 30, 0), (-(1 << 30), 0)])
    await given.reset()
    await _encode(given, case)
    # The second reset comes while counts leave.
    for prefix, beats in (("rng", 1), ("scl", 1), ("cnt", 20)):
        given.scoreboard.expect(prefix, [{}] * beats, "abandoned")
    await given.send("enc", zip([1 << 30] * 20, lasts(1, 20), strict=True))
    await given.reset()
    await _encode(given, case)
    given.scoreboard.finish()
