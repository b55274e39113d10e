"""Random spike vectors and the weights that they meet."""

from hypothesis import strategies as st


@st.composite
def weights_and(
    draw: st.DrawFn, spikes: st.SearchStrategy[int]
) -> tuple[list[list[int]], list[int]]:
    """Weight rows [N][M] of 8 bits, and N values of `spikes`."""
    sources, targets = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    row = st.lists(st.integers(-127, 127), min_size=targets, max_size=targets)
    rows = draw(st.lists(row, min_size=sources, max_size=sources))
    return rows, draw(st.lists(spikes, min_size=sources, max_size=sources))
