"""A metrics question as the URL writes it: which metrics, which dimensions, how grouped, which statistic and period.

m=trimtab/Host|system.cpu.utilization     a metric: namespace|name (repeatable)
where=host.name=web-1  where=cpu.mode!=idle   dimensions that must (not) match (repeatable)
group=cpu.mode | * | none                 one line a value (repeatable), one a series (before others), one altogether
stat=p99   period=auto | 60               any statistic of `metrics/statistics.py`; seconds
e=m1 / m2 * 100                           an expression to draw instead: metric math over the series, SEARCH or SQL
"""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.metrics.statistics import Statistic, parse_statistic

EACH, TOGETHER, AUTO = "*", "none", "auto"
_LONGEST_PERIOD_S = 30 * 86_400


class Filter(Struct, frozen=True):
    """Series pass whose dimension `key` is `value` (`!=`: is not)."""

    key: str
    value: str
    equal: bool = True

    def __str__(self) -> str:
        """As the URL has it."""
        return f"{self.key}{'=' if self.equal else '!='}{self.value}"


class MetricQuery(Struct, frozen=True):
    """A question. `group` is (EACH,), (TOGETHER,) or dimension names; `period_s` None leaves it to the range."""

    metrics: tuple[tuple[str, str], ...]
    statistic: Statistic
    where: tuple[Filter, ...] = ()
    group: tuple[str, ...] = (EACH,)
    period_s: int | None = None
    expression: str = ""

    def parameters(self) -> list[tuple[str, str]]:
        """The question as URL parameters."""
        pairs = [("m", f"{namespace}|{name}") for namespace, name in self.metrics]
        pairs += [("where", str(one)) for one in self.where]
        pairs += [("group", key) for key in self.group if key != EACH]
        pairs.append(("stat", self.statistic.text))
        if self.period_s is not None:
            pairs.append(("period", str(self.period_s)))
        if self.expression:
            pairs.append(("e", self.expression))
        return pairs


def read_metric_query(
    metrics: Sequence[str], where: Sequence[str], group: Sequence[str], stat: str, period: str, expression: str = ""
) -> MetricQuery:
    """The question that URL parameters ask. Raises InvalidInput that names the parameter at fault."""
    return MetricQuery(
        tuple(_metric(text) for text in metrics),
        parse_statistic(stat or "Average", "stat"),
        tuple(_filter(text) for text in where),
        (EACH,) if EACH in group else tuple(group) or (EACH,),
        _period(period),
        expression.strip(),
    )


def _metric(text: str) -> tuple[str, str]:
    namespace, separator, name = text.partition("|")
    if not (separator and name):
        raise InvalidInput(
            f"cannot read metric: got {text!r}; expected namespace|name, such as AWS/EC2|CPUUtilization", field="m"
        )
    return namespace, name


def _filter(text: str) -> Filter:
    key, separator, value = text.partition("=")
    if not separator or not key.rstrip("!"):
        raise InvalidInput(
            f"cannot read filter: got {text!r}; expected dimension=value or dimension!=value", field="where"
        )
    return Filter(key.removesuffix("!"), value, not key.endswith("!"))


def _period(text: str) -> int | None:
    if text in ("", AUTO):
        return None
    if not text.isdecimal() or not 0 < int(text) <= _LONGEST_PERIOD_S:
        raise InvalidInput(
            f"cannot read period: got {text!r}; expected auto or whole seconds up to {_LONGEST_PERIOD_S}",
            field="period",
        )
    return int(text)
