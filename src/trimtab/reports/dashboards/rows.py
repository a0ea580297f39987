"""The rows of a metric widget: the shorthand written out, the options merged with those of the widget.

["AWS/EC2", "CPUUtilization", "InstanceId", "i-1"]      namespace, name, then dimensions
[".", "NetworkIn", ".", "."]                             "." is what the row before has there
["...", "i-2", {"stat": "p99"}]                          "..." is as much of the row before as is left out
[{"expression": "m1 + m2", "id": "e1"}]                  metric math, SEARCH or Metrics Insights
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.tags import Tags, make_tags

DEFAULT_STAT, DEFAULT_PERIOD_S = "Average", 300
"""As documented where neither the row nor the widget says."""


class Row(Struct, frozen=True):
    """One line or expression of a widget.

    `metric` is (namespace, name, dimensions), `expression` the text of an expression; a row has one of them.
    `period_s` None leaves it to the range. `right` puts it on the right axis.
    """

    id: str
    metric: tuple[str, str, Tags] | None
    expression: str
    stat: str
    period_s: int | None
    label: str | None
    color: str
    visible: bool
    right: bool
    unit: str | None
    account: str | None
    region: str | None


def expand(rows: Sequence[Sequence[Any]], widget: Mapping[str, Any]) -> list[Row]:
    """The rows of a widget with these properties. Raises InvalidInput for one that makes no metric."""
    found: list[Row] = []
    before: list[str] = []
    taken = {row[-1].get("id") for row in rows if row and isinstance(row[-1], dict)}
    for at, row in enumerate(rows):
        options = row[-1] if row and isinstance(row[-1], dict) else {}
        names = [one for one in row if isinstance(one, str)]
        if names:
            before = written_out(names, before)
        id_ = options.get("id") or _free_id(at, taken)
        found.append(_row(id_, before if names else [], options, widget))
    return found


def written_out(names: Sequence[str], before: Sequence[str]) -> list[str]:
    """One row's names with "." and "..." replaced by what stands there in the row before."""
    full: list[str] = []
    for at, one in enumerate(names):
        if one == "." and len(full) < len(before):
            full.append(before[len(full)])
        elif one == "...":
            left = len(names) - at - 1
            full += before[len(full) : max(len(before) - left, len(full))]
        else:
            full.append(one)
    return full


def _row(id_: str, names: Sequence[str], options: Mapping[str, Any], widget: Mapping[str, Any]) -> Row:
    metric = None
    if names:
        if len(names) < 2 or len(names) % 2:
            raise InvalidInput(
                f"cannot read metric: got {list(names)}; expected namespace, name, then pairs of dimension and value"
            )
        metric = (names[0], names[1], make_tags(zip(names[2::2], names[3::2], strict=True)))
    period = options.get("period", widget.get("period"))
    return Row(
        id=id_,
        metric=metric,
        expression="" if metric else options.get("expression", ""),
        stat=options.get("stat") or widget.get("stat") or DEFAULT_STAT,
        period_s=int(period) if period else None,
        label=options.get("label"),
        color=options.get("color", ""),
        visible=options.get("visible", True),
        right=options.get("yAxis") == "right",
        unit=options.get("unit"),
        account=options.get("accountId", widget.get("accountId")),
        region=options.get("region", widget.get("region")),
    )


def _free_id(at: int, taken: set[Any]) -> str:
    """A name that math can refer to: CloudWatch gives m1, m2, … to rows without one."""
    name = f"m{at + 1}"
    while name in taken:
        name += "x"
    taken.add(name)
    return name
