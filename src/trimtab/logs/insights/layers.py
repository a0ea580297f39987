"""The statement of a query while it is built: what each command adds around what came before, and the order of rows."""

from msgspec import Struct, field

from trimtab.logs.fields import COLUMNS, Kind, Sql
from trimtab.logs.insights import casts
from trimtab.logs.insights.environment import Extracted

NEWEST_FIRST = ("time DESC", "id DESC")
"""The order of events where a query names none."""


class Layers(Struct):
    """A statement as layers of selects. Columns that commands make are numbered, so that no name is a user's."""

    where: str
    events: Extracted
    prefix: str = "c"
    order: list[str] = field(default_factory=lambda: list(NEWEST_FIRST))
    _layers: list[tuple[str, str]] = field(default_factory=list)
    _made: int = 0

    def fresh(self) -> str:
        """A column name that is not in use."""
        self._made += 1
        return f"{self.prefix}{self._made}"

    def add(self, select: str = "*", tail: str = "") -> None:
        """Put `SELECT select FROM (…) tail` around the statement."""
        self._layers.append((select, tail))

    def column(self, made: Sql) -> Sql:
        """Add a column; answers it by its name."""
        name = self.fresh()
        self.add(f"*, {made.text} AS {name}")
        return Sql(name, made.kind)

    def key(self, of: Sql, descending: bool) -> list[str]:
        """Terms of an order by `of`. Of texts those that spell numbers come last, as numbers; NULL is always last."""
        way = "DESC" if descending else "ASC"
        column = self.column(of).text
        if of.kind is not Kind.TEXT:
            return [f"{column} {way} NULLS LAST"]
        spelt = self.column(Sql(casts.number(Sql(column, Kind.TEXT)), Kind.NUMBER)).text
        return [f"isNull({column})", f"isNotNull({spelt}) {way}", f"{spelt} {way} NULLS LAST", f"{column} {way}"]

    @property
    def ordered(self) -> str:
        """ORDER BY, or nothing."""
        return f"ORDER BY {', '.join(self.order)}" if self.order else ""

    def sql(self, upto: int | None = None) -> str:
        """The statement, or that of its first `upto` layers."""
        found = "".join(f", {sql.text} AS {name}" for name, sql in self.events.columns.values())
        columns = ", ".join(f"`{name}`" for name in COLUMNS)
        # Names are this module's own, values are bound.
        sql = f"SELECT {columns}{found} FROM log_events WHERE {self.where}"  # noqa: S608 - values are bound
        for select, tail in self._layers[:upto]:
            sql = f"SELECT {select} FROM ({sql}) {tail}".rstrip()  # noqa: S608 - as above
        return sql

    @property
    def depth(self) -> int:
        """How many layers there are."""
        return len(self._layers)
