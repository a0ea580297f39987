"""Which names a stage of a query knows, and as which SQL."""

from collections.abc import Mapping

from msgspec import Struct, field

from trimtab.base.records import replace
from trimtab.logs.fields import Kind, Parameters, Sql, json_path, sql_of, unmasked

NOTHING = Sql("CAST(NULL, 'Nullable(String)')", Kind.TEXT)


def normal(text: str) -> str:
    """How an expression is compared with one that was computed before: without spaces, in small letters."""
    return "".join(text.split()).lower()


class Extracted(Struct):
    """Fields of events that a query reads, as columns of its innermost statement: each is found once."""

    parameters: Parameters
    prefix: str = "f"
    columns: dict[str, tuple[str, Sql]] = field(default_factory=dict)

    def column(self, name: str, *, unmask: bool = False) -> Sql:
        """The column of a field; with `unmask` of what it was before data protection."""
        key = f"unmask {name}" if unmask else name
        if key not in self.columns:
            found = (unmasked if unmask else sql_of)(name, self.parameters)
            self.columns[key] = (f"{self.prefix}{len(self.columns)}", found)
        column, found = self.columns[key]
        return Sql(column, found.kind)


class Environment(Struct, frozen=True):
    """Names that earlier commands made, as columns of the stage before; events' own fields while there are events."""

    parameters: Parameters
    now_ms: int
    events: Extracted | None
    names: Mapping[str, Sql] = field(default_factory=dict)

    def having(self, name: str, column: Sql) -> "Environment":
        """This one, with another name."""
        return replace(self, names={**self.names, name: column})

    def field(self, name: str) -> Sql:
        """A field: one that was made, what a JSON value of one has inside, else the event's own; NULL if none is."""
        if name in self.names:
            return self.names[name]
        parts = name.split(".")
        for count in range(len(parts) - 1, 0, -1):
            made = self.names.get(".".join(parts[:count]))
            if made is not None and made.kind is Kind.TEXT:
                return Sql(json_path(f"ifNull({made.text}, '')", parts[count:], self.parameters), Kind.TEXT)
        return NOTHING if self.events is None else self.events.column(name)

    def unmasked(self, name: str) -> Sql:
        """An event's own field as it was before data protection; what commands made of a masked one stays masked."""
        if self.events is None or name in self.names:
            return self.field(name)
        return self.events.column(name, unmask=True)

    def computed(self, text: str) -> Sql | None:
        """The column of an expression that an earlier command computed: bin(5m) behind `by bin(5m)`."""
        wanted = normal(text)
        return next((column for name, column in self.names.items() if normal(name) == wanted), None)
