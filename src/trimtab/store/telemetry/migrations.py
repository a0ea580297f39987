"""Numbered migrations of the telemetry store. Each is a list of statements, applied once, in order.

Additive only: a new column is a new migration; a new sort key is a new table. The list is append-only.
"""

from collections.abc import Callable, Sequence

from trimtab.base.errors import SetupError
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.cluster import LOCAL
from trimtab.store.telemetry.schema import (
    DURABLE,
    METRIC_DETAILED,
    METRIC_HISTOGRAMS,
    METRIC_ROLLUP_HOURS,
    METRIC_ROLLUP_MARKS,
    METRIC_SAMPLES,
    METRIC_SERIES,
    METRIC_SETS,
    METRIC_VALUES,
    ROLLUP_TIERS,
    TABLES,
    Layout,
    Table,
)
from trimtab.store.telemetry.schema_anomalies import ANOMALIES
from trimtab.store.telemetry.schema_audit import AUDIT_EVENTS
from trimtab.store.telemetry.schema_costs import COST_TABLES
from trimtab.store.telemetry.schema_fleet import FLEET_TABLES
from trimtab.store.telemetry.schema_logs import LOG_EVENTS
from trimtab.store.telemetry.schema_lookups import LOG_LOOKUP_ROWS
from trimtab.store.telemetry.schema_traces import TRACE_TABLES
from trimtab.store.telemetry.table import TIDY

_VERSIONS = Table(
    "schema_migrations", (("number", "UInt32", ""), ("name", "String", "")), order_by="number", replacing=""
)


Migration = Callable[[Layout], Sequence[str | Table]]
"""What a migration does: tables to create, and statements that name tables as the schema does; on a cluster the client
sends them for the local tables of every node (`cluster.py`)."""


def _create(*tables: Table) -> Migration:
    return lambda _: tables


def _add_original(_: Layout) -> list[str]:
    """For stores whose log events were made before data protection."""
    column = "original String CODEC(ZSTD(1)) AFTER message"
    return [f"ALTER TABLE {LOG_EVENTS.name} ADD COLUMN IF NOT EXISTS {column}"]


def _tidy(_: Layout) -> list[str]:
    """For tables that were made when the engine looked for old parts every five minutes: the younger one is not."""
    settings = ", ".join(f"{k} = {v}" for k, v in TIDY.items())
    return [f"ALTER TABLE {name} MODIFY SETTING {settings}" for name in TABLES if name != METRIC_DETAILED.name]


def _lean_rollups(_: Layout) -> list[str | Table]:
    """For rollups that were made when every row had a sketch; what is there is packed anew as it is merged."""
    changes: list[str | Table] = [METRIC_DETAILED]
    for table in ROLLUP_TIERS[::2]:
        columns = ", ".join(f"MODIFY COLUMN {' '.join(column)}" for column in table.columns if "ZSTD(3)" in column[2])
        changes.append(f"ALTER TABLE {table.name} {columns}")
    return changes


def _durable(_: Layout) -> list[str]:
    """For tables that were made when other settings were thought to be needed."""
    settings = ", ".join(f"{name} = {value}" for name, value in DURABLE.items())
    return [f"ALTER TABLE {name} MODIFY SETTING {settings}" for name in TABLES]


MIGRATIONS: tuple[tuple[str, Migration], ...] = (
    ("metrics", _create(METRIC_SERIES, METRIC_VALUES, METRIC_SETS, METRIC_SAMPLES, METRIC_HISTOGRAMS)),
    ("rollups", _create(*ROLLUP_TIERS, METRIC_ROLLUP_HOURS, METRIC_ROLLUP_MARKS)),
    ("costs", _create(*COST_TABLES)),
    ("anomalies", _create(ANOMALIES)),
    ("logs", _create(LOG_EVENTS)),
    ("traces", _create(*TRACE_TABLES)),
    ("audit", _create(AUDIT_EVENTS)),
    ("masked log events", _add_original),
    ("lookup tables", _create(LOG_LOOKUP_ROWS)),
    ("fleet ledger", _create(*FLEET_TABLES)),
    ("tidy", _tidy),
    ("lean rollups", _lean_rollups),
    ("old parts go after a minute", _durable),
)


def migrate(telemetry: Telemetry) -> int:
    """Bring the store to the newest schema; returns how many migrations ran.

    A statement is idempotent (IF NOT EXISTS), so a migration cut in half by a crash completes on the next start.
    """
    telemetry.create(_VERSIONS)
    done = {int(number) for number in telemetry.fetch_sync("SELECT number FROM schema_migrations")["number"]}
    if done and max(done) > len(MIGRATIONS):
        raise SetupError(
            f"cannot open telemetry store: it has schema {max(done)}, this trimtab knows {len(MIGRATIONS)}; "
            "run the newer trimtab that wrote it"
        )
    missing = [(number, each) for number, each in enumerate(MIGRATIONS, start=1) if number not in done]
    new = not done and telemetry.layout is not Layout.CLUSTER and not _made(telemetry)
    for number, (name, statements) in missing:
        for statement in statements(telemetry.layout):
            if isinstance(statement, Table):
                telemetry.create(statement)
            elif not new:
                telemetry.command(statement)
        if not new:
            _stamp(telemetry, [(number, name)])
    if new:
        _stamp(telemetry, [(number, name) for number, (name, _) in missing])
    check_durability(telemetry)
    return len(missing)


def _made(telemetry: Telemetry) -> set[str]:
    """The tables that are there, without the one of migrations.

    Where there is none, the store is new: its tables are made as the schema has them, and what changes tables of older
    versions is left out, three quarters of all statements.
    """
    found = telemetry.fetch_sync(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
    )
    return {str(name) for name in found["name"]} - {_VERSIONS.name}


def _stamp(telemetry: Telemetry, done: Sequence[tuple[int, str]]) -> None:
    """Note that migrations are done, all of them at once."""
    numbers, names = zip(*done, strict=True)
    telemetry.command(
        "INSERT INTO schema_migrations SELECT each.1, each.2 FROM "
        "(SELECT arrayJoin(arrayZip({numbers:Array(UInt32)}, {names:Array(String)})) AS each)",
        {"numbers": list(numbers), "names": list(names)},
    )


def check_durability(telemetry: Telemetry) -> None:
    """Raise SetupError unless every table carries every durability setting."""
    rows = telemetry.fetch_sync(
        "SELECT name, create_table_query AS ddl FROM system.tables "
        "WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
    )
    for name, ddl in zip(rows["name"], rows["ddl"], strict=True):
        missing = [key for key, value in DURABLE.items() if f"{key} = {value}" not in str(ddl)]
        if missing and (str(name) in TABLES or str(name).removesuffix(LOCAL) in TABLES):
            raise SetupError(
                f"cannot trust table {name}: its settings lack {', '.join(missing)}; acknowledged data could be lost. "
                f"Restore them with ALTER TABLE {name} MODIFY SETTING"
            )
