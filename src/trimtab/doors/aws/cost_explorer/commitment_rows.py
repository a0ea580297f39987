"""What the answers on reservations and Savings Plans share: ranges, sorted groups, percentages as text."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from trimtab.costs.explorer.explorer import Slice
from trimtab.costs.model import Facet, Granularity
from trimtab.costs.periods import Period, periods
from trimtab.doors.aws.cost_explorer.intervals import read_interval
from trimtab.doors.aws.cost_explorer.metrics import single_currency, text
from trimtab.doors.aws.cost_explorer.rooms import invalid
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Request

T = TypeVar("T")
_HUNDRED = Decimal(100)
_UNAVAILABLE = "Data is not available. Please try to adjust the time period: it has no {}."


def read_span(request: Request, *, hourly: bool = False) -> tuple[Period, Granularity]:
    """The range and its granularity, TOTAL where none is named. Raises AwsError (ValidationException)."""
    granularity = Granularity(request.get("Granularity") or Granularity.TOTAL)
    if granularity is Granularity.HOURLY and not hourly:
        raise invalid("Only DAILY and MONTHLY granularities are supported")
    if request.get("GroupBy") and request.get("Granularity"):
        raise invalid("Granularity can't be set if GroupBy is set")
    return read_interval(request["TimePeriod"], granularity), granularity


def available(found: Mapping[Slice, T], what: str, committed: Callable[[T], bool] | None = None) -> dict[Slice, T]:
    """What there is to say, in one currency. Raises AwsError (DataUnavailableException) where there is none.

    Of several currencies the one counts in which something is `committed`; of several with commitments none does.
    """
    if not found:
        raise AwsError("DataUnavailableException", _UNAVAILABLE.format(what))
    currencies = {place.currency for place, value in found.items() if value != type(value)()}
    if committed is not None and len(currencies) > 1:
        held = {place.currency for place, value in found.items() if committed(value)}
        currencies = held or currencies
    one = single_currency(currencies)
    return {place: value for place, value in found.items() if place.currency == one or not one}


def by_period(
    found: Mapping[Slice, T], span: Period, granularity: Granularity, zero: T, plus: Callable[[T, T], T]
) -> list[tuple[Period, T, dict[tuple[str, ...], T]]]:
    """Each period with its sum and its groups."""
    answers = []
    for start, end in periods(*span, granularity):
        groups: dict[tuple[str, ...], T] = {}
        total = zero
        for place, value in found.items():
            if place.start_ms == start:
                groups[place.keys] = plus(groups.get(place.keys, zero), value)
                total = plus(total, value)
        answers.append(((start, end), total, groups))
    return answers


def percent(share: Decimal | None) -> str:
    """A share as per cent; "0" where it is not known, as AWS answers."""
    return "0" if share is None else text(share * _HUNDRED)


def attributes(facets: Sequence[Facet], keys: Sequence[str], names: Mapping[Facet, str]) -> dict[str, str]:
    """The attributes of a group, in AWS's camel case."""
    return {names[facet]: key for facet, key in zip(facets, keys, strict=True)}


def sorted_by(
    rows: Iterable[dict[str, Any]],
    request: Request,
    values: Callable[[dict[str, Any]], Mapping[str, str]],
    allowed: Sequence[str],
) -> list[dict[str, Any]]:
    """The rows in the order that `SortBy` asks for. Raises AwsError for a key that there is not."""
    rows, sort = list(rows), request.get("SortBy")
    if not sort:
        return rows
    key = sort["Key"]
    if key not in allowed:
        raise invalid(f"SortBy key {key} is not supported: expected {', '.join(allowed)}")
    descending = sort.get("SortOrder") != "ASCENDING"

    def place(row: dict[str, Any]) -> tuple[Decimal, str]:
        value = values(row).get(key, "")
        return (Decimal(value), "") if _is_number(value) else (Decimal(0), value)

    return sorted(rows, key=place, reverse=descending)


def _is_number(value: str) -> bool:
    return value.replace(".", "", 1).lstrip("-").isdigit()
