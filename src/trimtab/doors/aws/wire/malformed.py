"""`Malformed`: a request that does not read as its service model says."""

from trimtab.base.errors import InvalidInput


class Malformed(InvalidInput):
    """A value of the wrong type. `path` names where, outermost first; containers prepend to it as the error passes."""

    def __init__(self, expected: str, got: object) -> None:
        super().__init__(f"got {_short(got)}; expected {expected}")
        self.path: list[str] = []

    def inside(self, segment: str) -> "Malformed":
        """The same error, one container further out."""
        self.path.insert(0, segment)
        return self

    def __str__(self) -> str:
        """The whole sentence with the place."""
        return f"cannot read {'.'.join(self.path) or 'the request body'}: {self.args[0]}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
