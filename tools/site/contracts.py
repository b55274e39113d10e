"""Docstrings as the reference shows them: a paragraph for each parameter and for the errors."""

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from griffe import Extension, Function
else:
    try:
        from griffe import Extension, Function
    except ImportError:  # the texts below can be tested without
        Extension = Function = object

ERRORS = re.compile(
    r"(?:(?<=\. )|^)(?=Raises |(?:[A-Z][a-z]+)+Error(?:: | for | if | where ))", re.M
)
"""Where a docstring begins to say what is raised."""


class Contracts(Extension):
    """Sets apart what a docstring says in running text."""

    def on_function(self, *, func: "Function", **_: Any) -> None:
        """Change the docstring of a function."""
        if func.docstring is not None:
            func.docstring.value = set_apart(
                func.docstring.value, {p.name for p in func.parameters}
            )


def set_apart(docstring: str, parameters: Collection[str]) -> str:
    """Return a docstring in which what is said of each parameter, and of errors, is a paragraph.

    A parameter begins as `name: ` at the head of a line or of a sentence.
    """
    head, _, body = docstring.partition("\n\n")
    if parameters:
        names = "|".join(sorted(re.escape(name) for name in parameters))
        body = re.sub(rf"(?:(?<=\. )|^)({names}): ", r"\n\n`\1`: ", body, flags=re.M)
    body = ERRORS.sub("\n\n", body)
    return f"{head}\n\n{body}" if body else head
