"""Findings of several levels and monitors: one incident each, named by what is narrowest, with the wider beside it."""

from decimal import Decimal

from trimtab.base.records import replace
from trimtab.costs.anomalies.gathering import gathered
from trimtab.costs.anomalies.incidents import led, news_among, wider_of
from trimtab.costs.anomalies.model import Anomaly, Cause, Finding, Impact, Kind, Origin
from trimtab.costs.read_sql import DAY_MS

EC2 = Origin("EC2")
LINE = Origin("EC2", "1", "us", "Box")
MACHINE = Origin("EC2", "1", "us", "Box", "i-1")


def finding(origin: Origin, more: int, first: int = 0, days: int = 3, kind: Kind = Kind.RISE) -> Finding:
    """Days from `first` on that cost `more` than the 100 that were expected."""
    impact = Impact(Decimal(more), Decimal(100 + more), Decimal(100))
    span = first * DAY_MS, (first + days) * DAY_MS
    return Finding(origin.service, "USD", *span, False, kind, 0.9, 0.9, impact, origin=origin)


def origins(found: list[Finding]) -> list[Origin]:
    return [one.origin for one in found]


def test_a_resource_that_lifts_its_line_and_its_service_is_one_incident() -> None:
    [one] = gathered([[finding(MACHINE, 45)], [finding(LINE, 46)], [finding(EC2, 60)]])
    assert one.origin == MACHINE
    assert [(part.name, part.impact.total) for part in one.wider] == [("Box · 1 · us", 46), ("EC2", 60)]


def test_a_line_that_its_resources_do_not_explain_takes_them_in() -> None:
    [one] = gathered([[finding(MACHINE, 10)], [finding(LINE, 90)], []])
    assert (one.origin, one.impact.total) == (LINE, 90)


def test_a_service_is_named_by_the_line_that_began_with_it() -> None:
    [one] = gathered([[], [finding(LINE, 10, 1)], [finding(EC2, 90)]])
    assert (one.origin, [part.name for part in one.wider]) == (LINE, ["EC2"])


def test_a_service_that_nothing_explains_is_an_incident_beside_what_rose_later() -> None:
    found = gathered([[], [finding(LINE, 10, 2)], [finding(EC2, 90)]])
    assert sorted(origins(found), key=lambda one: one.parts) == [EC2, LINE]


def test_what_began_together_in_an_account_is_one_and_two_days_apart_are_two() -> None:
    other = replace(LINE, usage_type="Disk")
    [one] = gathered([[], [finding(LINE, 45), finding(other, 5, 1)], []])
    assert (one.origin, one.impact.total, one.end_ms) == (Origin("EC2", "1", "us"), 50, 4 * DAY_MS)
    assert len(gathered([[], [finding(LINE, 45), finding(other, 5, 2)], []])) == 2
    elsewhere = replace(other, account="2")
    assert len(gathered([[], [finding(LINE, 45), finding(elsewhere, 5)], []])) == 2


def test_machines_of_a_line_that_began_within_three_days_are_one() -> None:
    [one] = gathered([[finding(MACHINE, 45), finding(replace(MACHINE, resource="i-2"), 40, 3)], [], []])
    assert (one.origin, one.impact.total) == (LINE, 85)
    assert len(gathered([[finding(MACHINE, 45), finding(replace(MACHINE, resource="i-2"), 40, 4)], [], []])) == 2


def test_a_part_that_is_too_dear_again_within_three_days_goes_on() -> None:
    [one] = gathered([[], [finding(LINE, 45), finding(LINE, 20, 6)], []])
    assert (one.start_ms, one.end_ms, one.impact.total) == (0, 9 * DAY_MS, 65)
    assert len(gathered([[], [finding(LINE, 45), finding(LINE, 20, 7)], []])) == 2


def test_a_drift_of_a_service_is_what_a_line_stepped_up_to_weeks_before() -> None:
    drift = finding(EC2, 200, 30, 14, Kind.DRIFT)
    [one] = gathered([[], [finding(LINE, 45, 0, 7)], [drift]])
    assert one.origin == LINE
    assert len(gathered([[], [finding(LINE, 45, 0, 2)], [drift]])) == 2  # a spike went away again


def anomaly(id_: str, found: Finding, *usage_types: str, monitor: str = "services") -> Anomaly:
    causes = tuple(Cause("EC2", "1", "", "us", name, Decimal(10)) for name in usage_types)
    return Anomaly(id_, monitor, "0", replace(found, causes=causes), 0, 0)


def test_monitors_that_saw_the_same_are_one_incident_of_the_narrowest() -> None:
    account = anomaly("a", finding(Origin(), 90), "Box", "Noise", monitor="accounts")
    line = anomaly("b", finding(LINE, 45), "Box")
    [one] = led([account, line])
    assert (one.id, [other.id for other in one.others]) == ("b", ["a"])
    assert [(part.name, part.impact.total) for part in wider_of(one)] == [("what a custom monitor watches", 90)]


def test_what_shares_no_cause_or_no_day_is_another_incident() -> None:
    line = anomaly("b", finding(LINE, 45), "Box")
    assert len(led([anomaly("a", finding(Origin(), 90), "Disk", monitor="accounts"), line])) == 2
    assert len(led([anomaly("a", finding(Origin(), 90, 9), "Box", monitor="accounts"), line])) == 2
    assert len(led([anomaly("a", finding(EC2, 90), "Box"), line])) == 2  # what one monitor told apart
    euros = replace(finding(Origin(), 90), currency="EUR")
    assert len(led([anomaly("a", euros, "Box", monitor="accounts"), line])) == 2


def test_a_cause_that_makes_less_than_a_third_explains_only_what_began_with_it() -> None:
    line = anomaly("b", finding(LINE, 45, 0), "Box")
    many = ("Box", "N1", "N2", "N3")
    assert len(led([anomaly("a", finding(Origin(), 90, 1), *many, monitor="accounts"), line])) == 1
    assert len(led([anomaly("a", finding(Origin(), 90, 2), *many, monitor="accounts"), line])) == 2
    assert len(led([anomaly("a", finding(Origin(), 90, 2), *many[:3], monitor="accounts"), line])) == 1


def test_what_several_explain_together_is_no_news_of_one_and_no_secret_of_the_other() -> None:
    lines = [
        anomaly("b", finding(LINE, 45), "Box"),
        anomaly("c", finding(replace(LINE, usage_type="Disk"), 45), "Disk"),
    ]
    account = anomaly("a", finding(Origin(), 90), "Box", "Disk", monitor="accounts")
    incidents = led([account, *lines])
    assert [[one.id, *(other.id for other in one.others)] for one in incidents] == [["b", "a"], ["c", "a"]]
    assert [one.id for one in news_among(incidents, {"a", "b"})] == ["c"]
    assert news_among(led([account, lines[0]]), {"a"}) == []  # its monitor told of it first
