"""A page of docs/ with a table between two marks."""

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def with_table(page: str, lines: list[str]) -> str:
    """Return the page with `lines` between the marks of its table; ValueError without both."""
    if BEGIN not in page or END not in page:
        raise ValueError(f"the page lacks {BEGIN} or {END}")
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return "\n".join([head + BEGIN, *lines, END + tail])
