"""What travels over `/rest/v1/cardinality` and `/rest/v1/drop-rules`."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.client.wire import Millis

ByName = Literal["metric", "label", "account", "source"]
ActionName = Literal["drop", "keep_only", "drop_labels", "keep_labels"]
_Selector = Annotated[str, Meta(max_length=4096, description='A PromQL selector: go_gc, {__name__=~"go_.*",job="x"}.')]
_Label = Annotated[str, Meta(min_length=1, max_length=1024, description="An RE2 expression of a label's whole name.")]
RuleName = Annotated[str, Meta(min_length=1, max_length=64, description="The rule's name; rules are asked by name.")]


class SeriesGroup(Struct, frozen=True):
    """Series of one metric, label, account or source; `values` and `example` are a label's, `namespace` a metric's.

    `created` began within a day, `live` had a point within one; `last_seen_ms` is 0 where no point is known.
    """

    key: str
    namespace: str
    series: int
    created: int
    live: int
    last_seen_ms: Millis
    values: int
    example: str


class CardinalityReport(Struct, frozen=True):
    """What costs most series. `groups` are those with most of them (labels: most values), of `of` there are."""

    at_ms: Millis
    by: ByName
    total: SeriesGroup
    groups: list[SeriesGroup]
    of: int


class PutDropRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule of what is not kept of new series. Selectors see labels, `__name__`, `__namespace__` and `__account__`."""

    name: RuleName
    action: ActionName
    match: _Selector
    only: _Selector = ""
    labels: Annotated[list[_Label], Meta(max_length=50)] = []


class DropRule(Struct, frozen=True, kw_only=True):
    """A rule, and what it did since the server started: rows dropped, series dropped or changed."""

    name: str
    action: ActionName
    match: str
    only: str
    labels: list[str]
    rows: int
    series: int


class DropRuleList(Struct, frozen=True):
    """The rules in the order in which they are asked."""

    rules: list[DropRule]
