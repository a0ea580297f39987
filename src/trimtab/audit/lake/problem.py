"""The error of a Lake statement that cannot be understood, or may not run."""

from trimtab.base.errors import InvalidInput


class QueryProblem(InvalidInput):
    """The statement is wrong; the message says where it stops making sense."""
