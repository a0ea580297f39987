"""The Costs page's question, from its URL: which sum, by what, of which lines, over which time, in which periods.

/costs?metric=amortized&by=tag:team&months=6&per=monthly&filter=account=111111111111
/costs?start=2026-08-01&end=2026-08-15
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from msgspec import Struct

from trimtab.base.clock import to_datetime
from trimtab.base.errors import InvalidInput
from trimtab.costs.explorer.spans import ALL, DEFAULT, compared, fitting, named_span
from trimtab.costs.explorer.terms import (
    QUANTITIES,
    facet_name,
    facet_text,
    read_facet,
    read_filters,
    read_metric,
    split_filter,
)
from trimtab.costs.model import CostCategory, Dimension, Facet, Filter, Granularity, Metric, Tag
from trimtab.costs.periods import Period, day_ms, month_before, month_start, next_month
from trimtab.costs.read_sql import DAY_MS
from trimtab.figures.areas.costs import OF_METRIC
from trimtab.web.view import View, link

METRICS: Mapping[str, str] = {
    name: OF_METRIC[read_metric(name)].label
    for name in ("unblended", "amortized", "net_unblended", "net_amortized", "list", "blended", "split", "usage")
}
"""The bases that the page offers, by what the URL says."""
DIMENSIONS = (
    Dimension.SERVICE,
    Dimension.LINKED_ACCOUNT,
    Dimension.REGION,
    Dimension.USAGE_TYPE,
    Dimension.INSTANCE_TYPE,
    Dimension.PURCHASE_TYPE,
    Dimension.RECORD_TYPE,
    Dimension.OPERATION,
    Dimension.PROVIDER,
    Dimension.RESOURCE_ID,
    Dimension.SPLIT_PARENT,
)
"""What the page offers to group by, before the bill's own tags and categories."""
_DRILL: Mapping[Facet, Facet] = {Dimension.SERVICE: Dimension.USAGE_TYPE, Dimension.USAGE_TYPE: Dimension.RESOURCE_ID}
_WITHIN_DRIVERS = frozenset(
    {
        Dimension.SERVICE,
        Dimension.USAGE_TYPE,
        Dimension.INSTANCE_TYPE,
        Dimension.OPERATION,
        Dimension.PURCHASE_TYPE,
        Dimension.RECORD_TYPE,
        Dimension.RESOURCE_ID,
    }
)
"""What pools and their items are made of already; by resource, nothing could be compared."""
PERIODS = ("auto", "daily", "monthly")
_SIGNS = {"=": "is", "!=": "is not", "~": "contains", "!~": "does not contain"}
_LONGEST_DAYS = 3700


class Question(Struct, frozen=True):
    """`months` is the range by name, "" for one by dates; `filters` are texts as the URL has them.

    `extent` is where the bill begins and ends: what is before it cannot be compared with.
    """

    metric: Metric
    by: Facet
    span: Period
    months: str
    per: str
    granularity: Granularity
    filters: tuple[str, ...]
    where: Filter | None
    extent: Period

    @property
    def comparable(self) -> bool:
        """Whether the bill reaches back over the whole time before."""
        return month_start(self.extent[0]) <= self.before[0]

    @property
    def explained(self) -> tuple[Period, Period] | None:
        """The two spans whose difference is explained: without a time before, the last two months of the bill."""
        if self.comparable:
            return compared(self.span, self.extent)
        last = month_start(self.span[1] - 1)
        if month_before(last) < self.span[0] or last <= self.extent[0]:
            return None
        return compared((last, next_month(last)), self.extent)

    @property
    def explained_by(self) -> Facet | None:
        """What drivers are taken apart by, beside service and usage type, which they always are."""
        return None if self.by in _WITHIN_DRIVERS else self.by

    @property
    def before(self) -> Period:
        """What the span is compared with."""
        return compared(self.span, self.extent)[0]

    @property
    def is_money(self) -> bool:
        """Whether the sum is an amount of money."""
        return self.metric not in QUANTITIES

    @property
    def name(self) -> str:
        """What the groups are."""
        return facet_name(self.by)

    @property
    def words(self) -> str:
        """The range in words."""
        return span_words(self.span)


def read_question(view: View, extent: Period) -> Question:
    """The question of a URL, over a bill that has lines in `extent`. Raises InvalidInput."""
    filters = view.all("filter")
    per = view.get("per", "auto")
    if per not in PERIODS:
        raise InvalidInput(f"cannot read per: got {per[:20]!r}; expected one of {', '.join(PERIODS)}", field="per")
    months, span = "", (0, 0)
    if view.get("start") or view.get("end"):
        span = _dates(view.get("start"), view.get("end"), extent)
    else:
        months = view.get("months", DEFAULT)
        months = months if months == ALL or months.endswith("m") else f"{months}m"
        span = named_span(months, extent)
    granularity = fitting(span) if per == "auto" else Granularity(per.upper())
    if span[1] - span[0] > _LONGEST_DAYS * DAY_MS:
        raise InvalidInput("cannot show that range: expected ten years at most", field="start")
    return Question(
        read_metric(view.get("metric", "unblended")),
        read_facet(view.get("by", "service")),
        span,
        months,
        per,
        granularity,
        filters,
        read_filters(filters),
        extent,
    )


def chips(view: View) -> list[tuple[str, str]]:
    """Each filter in words, and the view without it."""
    found = []
    for text in view.all("filter"):
        facet, sign, value = split_filter(text)
        kept = [pair for pair in view.parameters if pair != ("filter", text) and pair[0] != "page"]
        found.append((f"{facet_name(facet)} {_SIGNS[sign]} {value or 'empty'}", link(view.path, kept)))
    return found


def drill(view: View, question: Question, value: str) -> str:
    """Only this group, taken apart by what comes next."""
    then = _DRILL.get(question.by, Dimension.SERVICE)
    if then is Dimension.SERVICE and any(text.startswith("service=") for text in question.filters):
        then = Dimension.USAGE_TYPE
    text = f"{facet_text(question.by)}={value}"
    kept = [pair for pair in view.parameters if pair[0] not in ("by", "sort", "dir", "page")]
    return link(view.path, [*kept, ("by", facet_text(then)), ("filter", text)])


def with_filter(view: View, facet: str, sign: str, value: str) -> str:
    """The view with one more filter. Raises InvalidInput for one that cannot be read."""
    text = f"{facet}{sign}{value}"
    split_filter(text)
    kept = [pair for pair in view.parameters if pair[0] not in ("facet", "sign", "value", "page")]
    return link(view.path, kept if ("filter", text) in kept else [*kept, ("filter", text)])


def choices(tags: Sequence[str], categories: Sequence[str], current: Facet) -> list[tuple[str, list[tuple[str, str]]]]:
    """What can be grouped by: heading, and pairs of URL text and name."""
    found: list[tuple[str, list[Facet]]] = [
        ("Bill", list(DIMENSIONS)),
        ("Tags", [Tag(key) for key in tags]),
        ("Cost categories", [CostCategory(name) for name in categories]),
    ]
    if not any(current in facets for _, facets in found):
        found.append(("Chosen", [current]))
    return [(head, [(facet_text(one), facet_name(one)) for one in facets]) for head, facets in found if facets]


def value_name(facet: Facet, value: str, names: Mapping[str, str]) -> str:
    """A group's value as a person reads it; `names` are those of accounts."""
    if not value:
        return "untagged" if isinstance(facet, Tag) else f"no {facet_name(facet).lower()}"
    named = names.get(value) if facet is Dimension.LINKED_ACCOUNT else None
    return f"{named} ({value})" if named else value


def span_words(span: Period) -> str:
    """`2026-08-01 to 2026-08-31`, the last day included; a whole month by its name."""
    first, last = to_datetime(span[0]).date(), to_datetime(span[1]).date() - timedelta(days=1)
    whole = first.day == 1 and (last + timedelta(days=1)).day == 1
    if whole and (first.year, first.month) == (last.year, last.month):
        return f"{first:%B %Y}"
    return f"{first:%b %Y} to {last:%b %Y}" if whole else f"{first} to {last}"


def _dates(start: str, end: str, extent: Period) -> Period:
    """Days; the last is included, as people mean it."""
    first = _day(start, "start") if start else extent[0]
    last = _day(end, "end") + DAY_MS if end else extent[1]
    if first >= last:
        raise InvalidInput(f"cannot show {start} to {end}: expected the first day before the last", field="start")
    return first, last


def _day(text: str, field: str) -> int:
    try:
        return day_ms(date.fromisoformat(text))
    except ValueError:
        raise InvalidInput(
            f"cannot read {field}: got {text[:20]!r}; expected a day such as 2026-08-01", field=field
        ) from None
