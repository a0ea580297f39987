"""Engines of databases and caches as reservations tell them apart: engine, edition and licence.

A line of a bill says them by the code of its operation (`CreateDBInstance:0014` is PostgreSQL), as the price lists of
RDS and ElastiCache have it; where there is none, by the engine alone.

Sources, read 2026-11-30: the attribute `operation` of the offer files of AmazonRDS and AmazonElastiCache, as public
copies and readers of them quote it (each code by two or more; Db2's by one); Amazon RDS User Guide, "Reserved DB
instances": flexible in size but for SQL Server and Oracle with the licence included; AWS Database Blog, "New - Size
flexibility for Amazon ElastiCache reserved nodes" (2024-10); MemoryDB Developer Guide, "Size flexible reserved nodes".
"""

from collections.abc import Mapping

from msgspec import Struct

SERVICES = frozenset(("AmazonRDS", "AmazonElastiCache", "AmazonMemoryDB"))
"""Services whose machines run an engine, by the bill's codes."""
INCLUDED, OWN = "License included", "Bring your own license"
NONE_NEEDED = "No license required"
MARKETPLACE = "Marketplace license"


class Engine(Struct, frozen=True):
    """What runs on a machine: its name, its edition and its licence; "" where there is none."""

    name: str
    edition: str = ""
    licence: str = NONE_NEEDED

    @property
    def word(self) -> str:
        """As one word: what lines and reservations are compared by."""
        licence = {INCLUDED: " (LI)", OWN: " (BYOL)", MARKETPLACE: " (Marketplace)"}.get(self.licence, "")
        return f"{self.name} {self.edition}".strip() + licence


_CODES: Mapping[str, Engine] = {
    "0002": Engine("MySQL"),
    "0003": Engine("Oracle", "Standard One", OWN),
    "0004": Engine("Oracle", "Standard", OWN),
    "0005": Engine("Oracle", "Enterprise", OWN),
    "0006": Engine("Oracle", "Standard One", INCLUDED),
    "0008": Engine("SQL Server", "Standard", OWN),
    "0009": Engine("SQL Server", "Enterprise", OWN),
    "0010": Engine("SQL Server", "Express", INCLUDED),
    "0011": Engine("SQL Server", "Web", INCLUDED),
    "0012": Engine("SQL Server", "Standard", INCLUDED),
    "0014": Engine("PostgreSQL"),
    "0015": Engine("SQL Server", "Enterprise", INCLUDED),
    "0016": Engine("Aurora MySQL"),
    "0018": Engine("MariaDB"),
    "0019": Engine("Oracle", "Standard Two", OWN),
    "0020": Engine("Oracle", "Standard Two", INCLUDED),
    "0021": Engine("Aurora PostgreSQL"),
    "0028": Engine("Db2", "Standard", OWN),
    "0029": Engine("Db2", "Advanced", OWN),
    "0034": Engine("Db2", "Standard", MARKETPLACE),
    "0035": Engine("Db2", "Advanced", MARKETPLACE),
}
"""By the code behind `CreateDBInstance:`, as the attribute `operation` of RDS's price list has them."""
_CACHES: Mapping[str, Engine] = {"0001": Engine("Memcached"), "0002": Engine("Redis"), "Valkey": Engine("Valkey")}
"""By the code behind `CreateCacheCluster:`; Valkey's is its name."""
_BY_WORD = {one.word: one for one in (*_CODES.values(), *_CACHES.values())}


def of(service: str, engine: str, operation: str) -> str:
    """The word of what a line runs."""
    codes = _CODES if service == "AmazonRDS" else _CACHES if service == "AmazonElastiCache" else {}
    known = codes.get(operation.rpartition(":")[2]) if ":" in operation else None
    return known.word if known else engine


def named(word: str) -> Engine:
    """The engine that a word means; one of that name where it is not known."""
    return _BY_WORD.get(word, Engine(word, "", ""))


def size_flexible(word: str) -> bool:
    """Whether a reservation of a database covers every size of its class: not where the price has a licence in it."""
    engine = named(word)
    return engine.name != "SQL Server" and engine.licence != INCLUDED
