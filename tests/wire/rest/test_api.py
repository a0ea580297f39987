"""The REST API of a live server, through its own client: what is put comes back, also after a restart."""

from live_server import LiveServer
from trimtab.base.ids import new_id
from trimtab.client import wire
from trimtab.client.api import Client


def test_values_come_back_as_the_statistics_of_what_was_put(server: LiveServer) -> None:
    namespace = f"rest-{new_id()}"
    with Client(server.url) as trimtab:
        at = trimtab.health().time_ms - 60_000
        minute = at - at % 60_000
        datums = [
            wire.Datum(name="latency", value=1.0, time=minute, unit="Seconds", dimensions={"az": "a"}),
            wire.Datum(
                name="latency",
                counted=[(2.0, 1.0), (4.0, 3.0)],
                time=minute,
                unit="Seconds",
                dimensions={"az": "a"},
            ),
            wire.Datum(
                name="latency",
                statistics=wire.Statistics(count=2, sum=20, minimum=9, maximum=11),
                time=minute + 1,
                unit="Seconds",
                dimensions={"az": "b"},
            ),
        ]
        assert trimtab.put(namespace, datums) == wire.PutAnswer(3, [], False)

        def ask(statistic: str, *group_by: str) -> dict[str, float | None]:
            answer = trimtab.query(
                namespace,
                "latency",
                statistic=statistic,
                period="60",
                start=str(minute),
                end=str(minute + 60_000),
                group_by=group_by,
                fresh=True,
            )
            return {line.label: value for line in answer.lines for at, value in line.points if at == minute}

        assert ask("Sum") == {"az=a": 15.0, "az=b": 20.0}
        assert ask("SampleCount") == {"az=a": 5.0, "az=b": 2.0}
        assert ask("Maximum", "none") == {"latency": 11.0}
        assert ask("Average", "none") == {"latency": 5.0}


def test_raw_points_and_series_are_listed(server: LiveServer) -> None:
    namespace = f"rest-{new_id()}"
    with Client(server.url) as trimtab:
        trimtab.put(
            namespace, [wire.Datum(name="a", value=float(number), dimensions={"n": str(number)}) for number in range(5)]
        )
        found = list(trimtab.all_metrics(namespace=namespace, limit=2))
        assert [series.dimensions["n"] for series in found] == ["0", "1", "2", "3", "4"]
        raw = trimtab.raw(found[3].id, start="-5m", end="-0s", fresh=True)
        assert (raw.values, raw.counts) == ([3.0], [1.0])
        sources = trimtab.sources().sources
        assert any(source.rows >= 5 for source in sources if source.door == "rest")


def test_a_put_is_there_once_after_a_repeat_and_a_restart(server: LiveServer) -> None:
    namespace, key = f"rest-{new_id()}", new_id()
    with Client(server.url) as trimtab:
        assert not trimtab.put(namespace, [wire.Datum(name="a", value=7)], key=key).duplicate
        assert trimtab.put(namespace, [wire.Datum(name="a", value=7)], key=key).duplicate
        token = trimtab.create_key(wire.CreateKey(name=namespace, kind="token", role="read"))
    server.restart()
    with Client(server.url) as trimtab:
        assert trimtab.put(namespace, [wire.Datum(name="a", value=7)], key=key).duplicate
        answer = trimtab.query(namespace, "a", statistic="Sum", period="1d", start="-2d", end="now", fresh=True)
        assert sum(value or 0 for line in answer.lines for _, value in line.points) == 7
        listed = trimtab.keys()
        assert [known.id for known in listed if known.name == namespace] == [token.id]


def test_a_live_server_is_ready_and_counts_itself(server: LiveServer) -> None:
    with Client(server.url) as trimtab:
        readiness = trimtab.ready()
        assert readiness.ready
        assert {check.name for check in readiness.checks} == {"alarms", "engine", "jobs", "late jobs", "log", "state"}
        assert len(trimtab.settings()) > 10
        names = [one.name for one in trimtab.hosts()]  # of other tests' agents, each once
        assert sorted(set(names)) == sorted(names)
