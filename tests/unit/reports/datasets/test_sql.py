"""SQL over datasets and sources: what it can say, and that nothing else can be said."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from made_datasets import NOW, SOURCES, A, B, reader
from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.reports.datasets.reading import DatasetReader
from trimtab.reports.datasets.spec import Dataset, read_spec
from trimtab.reports.datasets.sql.run import SqlQuery, SqlReader
from trimtab.store.telemetry.client import Telemetry

Sql = Callable[..., list[dict[str, Any]]]
STORED = {
    "teams": {
        "sources": [{"use": "bill"}],
        "fields": {"dear": "cost > 5"},
        "filters": ["cost > 0"],
        "rows": [{"roles": ["admin"], "where": "true"}, {"where": "team in ${teams}"}],
    }
}


async def named(name: str) -> Dataset:
    if name not in STORED:
        raise NotFound(f"dataset {name} does not exist")
    return read_spec(STORED[name])


@pytest.fixture
def sql(engine: Telemetry) -> Sql:
    clock = ManualClock(NOW)
    statements = SqlReader(DatasetReader(engine, SOURCES, clock), clock)

    def run(text: str, who: Any = None, limit: int = 1000) -> list[dict[str, Any]]:
        found = asyncio.run(statements.run(SqlQuery(text, limit), who or reader(), named))
        rows: list[dict[str, Any]] = found.table.to_pylist()
        return rows

    return run


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT count(*) AS n FROM bill", [{"n": 5}]),
        ("SELECT team, sum(cost) AS cost FROM bill WHERE team IS NOT NULL GROUP BY team ORDER BY 2 DESC LIMIT 1",
         [{"team": "vision", "cost": Decimal("13.4")}]),
        ("SELECT b.team, e.severity, count(*) n FROM bill b JOIN errors e USING (account) "
         "WHERE b.team = 'vision' GROUP BY 1, 2 ORDER BY severity",
         [{"team": "vision", "severity": "ERROR", "n": 2}, {"team": "vision", "severity": "INFO", "n": 2}]),
        ("WITH x AS (SELECT account, sum(cost) c FROM bill GROUP BY account) "
         "SELECT max(c) AS most FROM x", [{"most": Decimal("13.400000000001")}]),
        ("SELECT count(*) n FROM (SELECT account FROM bill UNION SELECT account FROM errors) u", [{"n": 2}]),
        ("SELECT CASE WHEN cost > 5 THEN 'dear' ELSE 'cheap' END AS k, count(*) n FROM bill GROUP BY 1 ORDER BY k",
         [{"k": "cheap", "n": 3}, {"k": "dear", "n": 2}]),
        ("SELECT date_trunc('month', day) m, sum(cost) FILTER (WHERE service = 'S3') s3 FROM bill GROUP BY 1",
         None),
        ("SELECT day, sum(sum(cost)) OVER (ORDER BY day) AS so_far FROM bill GROUP BY day ORDER BY day", None),
        ("SELECT label(tags, 'env') AS env FROM bill WHERE label(tags, 'env') LIKE 'pr%'", [{"env": "prod"}]),
        ("SELECT count(DISTINCT team) AS t, avg(hours) AS h FROM bill HAVING count(*) > 1", [{"t": 2, "h": 2.75}]),
        ("SELECT day FROM bill WHERE day BETWEEN '2026-11-02' AND '2026-11-03' AND service IN ('S3') ORDER BY day",
         None),
        ("SELECT cost * 2 AS twice FROM bill WHERE cost / 2 > 5", [{"twice": Decimal("20.2")}]),
        ("SELECT dear, count(*) n FROM teams GROUP BY dear ORDER BY n", None),
    ],
)  # fmt: skip
def test_statements_answer(sql: Sql, text: str, expected: list[dict[str, Any]] | None) -> None:
    found = sql(text, reader(teams=("vision", "speech")))
    assert found if expected is None else expected == found


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM system.tables",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM cost_lines",
        "SELECT * FROM trimtab.cost_lines",
        "SELECT * FROM url('http://127.0.0.1/', 'CSV')",
        "SELECT * FROM file('/etc/passwd', 'CSV')",
        "SELECT * FROM bill, errors",
        "SELECT * FROM bill CROSS JOIN errors",
        "SELECT dictGet('d', 'x', 1) FROM bill",
        "SELECT currentUser() FROM bill",
        "SELECT file('/etc/passwd') FROM bill",
        "SELECT getSetting('max_threads') FROM bill",
        "SELECT (SELECT count(*) FROM errors) FROM bill",
        "SELECT * FROM bill WHERE account IN (SELECT account FROM errors)",
        "SELECT * FROM bill WHERE EXISTS (SELECT 1 FROM errors)",
        "SELECT * FROM bill SETTINGS max_memory_usage = 0",
        "SELECT * FROM bill FORMAT JSON",
        "SELECT * FROM bill INTO OUTFILE '/tmp/x'",
        "INSERT INTO bill SELECT * FROM bill",
        "DROP TABLE bill",
        "SELECT 1; SELECT 2",
        "SELECT 1",
        "SELECT x0 FROM bill",
        "SELECT bill.r0 FROM bill",
        "SELECT account, cost FROM bill GROUP BY account",
        "SELECT nothing FROM bill",
        "SELECT account FROM bill b JOIN errors e ON b.account = e.account",
        "SELECT * FROM bill LIMIT 1 BY account",
        "SELECT * FROM bill TABLESAMPLE BERNOULLI (10)",
        "WITH RECURSIVE r AS (SELECT account FROM bill) SELECT * FROM r",
        "SELECT cost FROM bill UNION ALL SELECT severity FROM errors",
        "SELECT '{e0:String}' || \"x\" FROM bill",
        "SELECT " + "(" * 200 + "1" + ")" * 200 + " FROM bill",
        "",
    ],
)
def test_what_has_no_rule_is_refused_before_it_reaches_the_engine(sql: Sql, text: str) -> None:
    with pytest.raises((InvalidInput, NotFound)) as told:
        sql(text)
    assert "DB::Exception" not in str(told.value)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT account FROM bill",
        "SELECT e.account FROM bill b LEFT JOIN errors e ON b.day = e.day AND e.n > 0",
        "SELECT e.account FROM bill b FULL JOIN errors e USING (day)",
        "SELECT account FROM bill UNION ALL SELECT account FROM errors",
        "WITH bill AS (SELECT account FROM errors) SELECT account FROM bill",
        "SELECT max(account) AS account FROM errors",
        f"SELECT account FROM errors WHERE account = '{B}' OR 1 = 1",
        "SELECT account FROM errors WHERE message = '' OR account <> '' -- '",
    ],
)
def test_no_statement_shows_another_account(sql: Sql, text: str) -> None:
    found = sql(text, reader(A))
    assert {A, None} >= {one["account"] for one in found}
    assert found


def test_the_rules_of_a_dataset_hold_in_sql(sql: Sql) -> None:
    assert [] == sql("SELECT * FROM teams")
    assert {"vision"} == {one["team"] for one in sql("SELECT team FROM teams", reader(teams=("vision",)))}
    both = "SELECT t.team, b.team AS other FROM bill b LEFT JOIN teams t ON t.account = b.account"
    assert {"vision", None} == {one["team"] for one in sql(both, reader(teams=("vision",)))}
