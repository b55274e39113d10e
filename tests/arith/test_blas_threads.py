"""Overlapping requests for one BLAS thread restore the library's own setting."""

import threading

from spikeref.arith.blas_threads import _bundled_openblas, one_blas_thread


def test_the_last_to_leave_restores_the_setting() -> None:
    library = _bundled_openblas()
    before = None if library is None else library.scipy_openblas_get_num_threads64_()
    first_may_leave, second_is_in = threading.Event(), threading.Event()

    def second() -> None:
        with one_blas_thread():
            second_is_in.set()
            first_may_leave.wait(10)

    thread = threading.Thread(target=second)
    with one_blas_thread() as limited:
        thread.start()
        assert second_is_in.wait(10)
        assert limited == (library is not None)
    if library is not None:
        assert library.scipy_openblas_get_num_threads64_() == 1
    first_may_leave.set()
    thread.join(10)
    if library is not None:
        assert library.scipy_openblas_get_num_threads64_() == before
