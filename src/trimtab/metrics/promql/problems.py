"""What can be wrong with a PromQL query: with its text, or with what it meets when it runs."""

from trimtab.base.errors import InvalidInput


class BadQuery(InvalidInput):
    """The text is no query. `position` is the offset of the character at fault, from 0."""

    def __init__(self, message: str, text: str = "", position: int | None = None) -> None:
        where = f"{line_and_column(text, position)}: parse error: " if position is not None else ""
        super().__init__(where + message, field="query")
        self.position = position


class ExecutionFailed(InvalidInput):
    """The query is well formed and cannot be answered: what it meets does not fit (two series for one match, …)."""


class TooManySamples(ExecutionFailed):
    """The query would hold more samples than one query may."""


def line_and_column(text: str, position: int) -> str:
    """`line:column` of an offset, both from 1, as Prometheus writes positions."""
    before = text[:position]
    return f"{before.count(chr(10)) + 1}:{position - (before.rfind(chr(10)) + 1) + 1}"
