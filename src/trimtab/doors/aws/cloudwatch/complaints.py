"""Gathers what is wrong with a request, to answer all of it at once, as CloudWatch does: one code, a line a fault."""

from trimtab.doors.aws.faults import AwsError

MISSING = "MissingParameter"
INVALID = "InvalidParameterValue"
COMBINATION = "InvalidParameterCombination"
_ORDER = (MISSING, INVALID, COMBINATION)
_LINES = 100
"""Lines an error may have: 1,000 wrong metrics would make an answer that no one reads and proxies refuse."""


class Complaints:
    """What was found so far. `code` replaces the three codes where an operation answers with one of its own."""

    def __init__(self, code: str | None = None) -> None:
        self._code = code
        self._found: dict[str, list[str]] = {}

    def __bool__(self) -> bool:
        """Whether anything is wrong."""
        return bool(self._found)

    def missing(self, name: str) -> None:
        """A required parameter is not there, or empty."""
        self._add(MISSING, f"The parameter {name} is required.")

    def invalid(self, message: str) -> None:
        """A value is wrong."""
        self._add(INVALID, message)

    def combination(self, message: str) -> None:
        """Parameters do not go together."""
        self._add(COMBINATION, message)

    def raise_any(self) -> None:
        """Raise AwsError if anything is wrong: missing parameters before wrong values, those before combinations."""
        for code in (self._code,) if self._code else _ORDER:
            lines = self._found.get(code)
            if lines:
                more = [f"({len(lines) - _LINES} more)"] if len(lines) > _LINES else []
                raise AwsError(code, "\n".join([*lines[:_LINES], *more]))

    def _add(self, code: str, message: str) -> None:
        self._found.setdefault(self._code or code, []).append(message)


def must_be_in(name: str, allowed: tuple[object, ...]) -> str:
    """The sentence for a value that is not among the allowed ones."""
    return f"The parameter {name} must be a value in the set [ {', '.join(map(str, allowed))} ]."


def too_long(name: str, limit: int) -> str:
    """The sentence for text of more than `limit` characters."""
    return f"The parameter {name} must be shorter than {limit + 1} characters."


def too_many(name: str, limit: int) -> str:
    """The sentence for a list of more than `limit` items."""
    return f"The collection {name} must not have a size greater than {limit}."


def bad_value(value: object, name: str) -> str:
    """The sentence for a value that is wrong in itself."""
    return f"The value {value} for parameter {name} is invalid."


def exclusive(first: str, second: str) -> str:
    """The sentence for two parameters of which only one may be given."""
    return f"The parameters {first} and {second} are mutually exclusive and you have specified both."
