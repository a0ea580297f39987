"""What the names of a SELECT stand for."""

from collections.abc import Sequence

from trimtab.audit.lake.columns import Type, Typed
from trimtab.audit.lake.problem import QueryProblem


class Names:
    """What a SELECT's names stand for: columns of its relations, and its own aliases."""

    def __init__(self) -> None:
        self._relations: dict[str, list[tuple[str, Typed]]] = {}
        self.aliases: dict[str, str] = {}
        self.types: dict[str, Type] = {}

    def store(self, name: str, alias: str, columns: list[tuple[str, Typed]]) -> None:
        """Add a store, by the name that the user gives it."""
        self._relations[name.lower() or alias] = columns

    def derived(self, name: str, alias: str, outputs: Sequence[tuple[str, Typed]]) -> None:
        """Add a query."""
        self._relations[name.lower() or alias] = [
            (column, Typed(f"{alias}.o{n}", "text" if one.type in ("json", "list") else one.type))
            for n, (column, one) in enumerate(outputs)
        ]

    def everything(self) -> list[tuple[str, Typed]]:
        """Every column of every relation, for SELECT *."""
        return [column for columns in self._relations.values() for column in columns]

    def find(self, parts: Sequence[str]) -> tuple[Typed, Sequence[str]]:
        """What a dotted name begins with, and the members that follow. Raises QueryProblem."""
        if len(parts) > 1 and parts[0].lower() in self._relations:
            found = _named(self._relations[parts[0].lower()], parts[1])
            if found is not None:
                return found, parts[2:]
        for columns in self._relations.values():
            found = _named(columns, parts[0])
            if found is not None:
                return found, parts[1:]
        alias = self.aliases.get(parts[0].lower())
        if alias is not None and len(parts) == 1:
            return Typed(alias, self.types[alias]), ()
        raise QueryProblem(f"there is no column {'.'.join(parts)}")


def _named(columns: Sequence[tuple[str, Typed]], name: str) -> Typed | None:
    return next((found for column, found in columns if column.lower() == name.lower()), None)
