"""What pages are about and which time they show, as their links to investigations say; how addresses are read."""

from typing import Any

import pytest

from trimtab.access.principal import LOCAL_OPERATOR, Principal, Role
from trimtab.access.scope import EVERYTHING
from trimtab.base.errors import InvalidInput
from trimtab.reports.investigations.model import Kind, Subject
from trimtab.web.investigate.about import investigation_of, subject_of
from trimtab.web.investigate.question import address_of, read_inquiry, span_text
from trimtab.web.view import View
from trimtab.web.window import read_window

AT_MS = 1_764_600_000_000


def view(path: str, *parameters: tuple[str, str], principal: Principal = LOCAL_OPERATOR) -> View:
    window = read_window(dict(parameters), AT_MS, None, "1h")
    return View(path, parameters, window, False, "", principal, AT_MS, "")


@pytest.mark.parametrize(
    ("path", "parameters", "subject"),
    [
        ("/hosts/gpu-1", (), Subject(host="gpu-1")),
        ("/hosts", (), Subject()),
        ("/endpoints/team/chat", (), Subject(service="team/chat")),
        ("/teams/vision", (), Subject(team="vision")),
        ("/home/team", (("team", "vision"),), Subject(team="vision")),
        ("/home/on-call", (("team", "vision"),), Subject()),
        ("/runs/gpu/vision/trainer-0", (), Subject(run="vision/trainer-0")),
        ("/runs", (), Subject()),
        ("/alarms/named/slow chat", (), Subject(words=("slow chat",))),
        ("/alarms", (), Subject()),
        (
            "/explore/metrics",
            (("where", "host.name=gpu-1"), ("where", "gpu=3"), ("where", "cpu.mode!=idle")),
            Subject(host="gpu-1", words=("3",)),
        ),
        ("/logs", (("group", "/apps/chat"),), Subject(words=("/apps/chat",))),
        ("/costs", (), Subject()),
    ],
)
def test_a_page_is_about_what_its_address_names(
    path: str, parameters: tuple[tuple[str, str], ...], subject: Subject
) -> None:
    assert subject == subject_of(view(path, *parameters))


def test_a_page_leads_to_the_time_that_it_shows() -> None:
    assert "/investigate?at=2025-12-01T14:10:00Z&around=30m&host=gpu-1" == investigation_of(
        view("/hosts/gpu-1", ("range", "1h")), None
    )
    assert "/investigate?at=2025-12-01T14:40:00Z&around=90s" == investigation_of(view("/x"), (AT_MS, 90_000))
    assert "around=7d" in investigation_of(view("/x"), (AT_MS, 10**12))
    assert "around=1m" in investigation_of(view("/x"), (AT_MS, 5))


def test_who_sees_costs_only_is_not_led_there() -> None:
    finance = Principal("cfo", None, Role.FINANCE, EVERYTHING)
    assert "" == investigation_of(view("/costs", principal=finance), None)


def test_an_address_is_read_as_it_is_written() -> None:
    subject = Subject("h", "s", "r", "t", ("a", "b"))
    path, _, query = address_of(AT_MS, 5_400_000, subject).partition("?")
    pairs: Any = [tuple(one.split("=", 1)) for one in query.split("&")]
    found = read_inquiry(view(path, *pairs))
    assert (AT_MS, 5_400_000, subject) == (found.at_ms, found.around_ms, found.subject)
    assert frozenset(Kind) == found.kinds


def test_kinds_are_switched_off_by_the_address() -> None:
    found = read_inquiry(view("/investigate", ("off", "trace"), ("off", "log"), ("host", "x"), ("only", "about")))
    assert frozenset(Kind) - {Kind.TRACE, Kind.LOG} == found.kinds
    assert found.only
    every = read_inquiry(view("/investigate", *(("off", one.value) for one in Kind)))
    assert frozenset(Kind) == every.kinds
    with pytest.raises(InvalidInput, match="cannot read duration"):
        read_inquiry(view("/investigate", ("around", "soon")))


def test_lengths_are_written_as_addresses_have_them() -> None:
    assert ["1m", "90s", "90m", "2h", "7d", "1s"] == [
        span_text(ms) for ms in (60_000, 90_000, 5_400_000, 7_200_000, 604_800_000, 1)
    ]
