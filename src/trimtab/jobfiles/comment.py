"""The report as a comment on a change: Markdown, with a mark by which a later one finds and replaces it."""

from collections.abc import Sequence
from decimal import Decimal

from trimtab.base.coins import coins, money, sums
from trimtab.jobfiles.report import BudgetLeft, PricedAsk, PriceReport

MARK = "<!-- trimtab price -->"
_HEAD = ("| what | replicas | GPUs | an hour | by its time limit | expected wait |", "|---|--:|--:|--:|--:|--:|")
_SAFE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", "|": "\\|", "`": "'", "[": "\\[", "@": "@\u200b", "\n": " ", "\r": " "}
)
_MOST_ROWS = 50
"""Rows of the table: GitHub cuts comments off at 65,536 characters."""


def markdown_of(report: PriceReport) -> str:
    """The comment."""
    lines = [MARK, f"### {headline(report)}", ""]
    rows = [ask for ask in report.asks if ask.gpus != 0 or ask.other_accelerators]
    if rows:
        lines += [
            "| what | replicas | GPUs | an hour | by its time limit | expected wait |",
            "|---|--:|--:|--:|--:|--:|",
        ]
        lines += [_row(ask) for ask in rows[:_MOST_ROWS]]
        lines += [f"| … and {len(rows) - _MOST_ROWS} more | | | | | |"] if len(rows) > _MOST_ROWS else []
        lines.append("")
    lines += [f"- {_mark(one.over)} {one.what}: {one.value or 'not known'}, limit {one.limit}" for one in report.limits]
    lines += [f"- {_mark(one.over)} {budget_words(one)}" for one in report.budgets]
    lines += [f"- ⚠️ {_plain(line)}" for line in report.problems]
    lines += [f"- ⚠️ {_plain(line)}" for line in remarks(report)]
    return "\n".join(lines).rstrip() + "\n"


def headline(report: PriceReport) -> str:
    """The one sentence: GPUs and money an hour, and by how much they change."""
    types = ", ".join(f"{number:g} × {name or 'GPU'}" for name, number in report.gpu_types.items())
    words = (
        f"{report.gpus:g} GPUs"
        + (f" ({types})" if types else "")
        + (f", {sums(report.per_hour)} an hour" if report.per_hour else "")
    )
    if not report.is_change:
        return words
    change = report.gpus - report.gpus_before
    currencies = dict.fromkeys((*report.per_hour, *report.per_hour_before))
    differences = {
        one: f"{Decimal(report.per_hour.get(one, '0')) - Decimal(report.per_hour_before.get(one, '0')):+.2f}"
        for one in currencies
    }
    more = " + ".join(f"{amount} {currency} an hour" for currency, amount in differences.items())
    return f"{change:+g} GPUs" + (f", {more}" if more else "") + f" → {words}"


def remarks(report: PriceReport) -> list[str]:
    """What is not known, in words, each reason once."""
    found = [f"{ask.name or ask.file}: {ask.unknown}" for ask in report.asks if ask.unknown]
    found += [ask.unpriced for ask in report.asks if ask.unpriced]
    return list(dict.fromkeys([*found, *(ask.wait_note for ask in report.asks if ask.wait_note)]))


def budget_words(one: BudgetLeft) -> str:
    """What of a budget is left, and what is asked of it."""
    if one.left is None:
        return f"budget {one.name}: what is left is not known" + (f" ({one.problem})" if one.problem else "")
    asked = f", asked for until it ends {coins(one.asked, one.unit)}" if one.asked is not None else ""
    return f"budget {one.name}: {coins(one.left, one.unit)} of {money(one.limit or 0, one.unit)} left{asked}"


def gpus_words(ask: PricedAsk) -> str:
    """The GPUs of an ask, by type; what is not known says so."""
    if ask.choices:
        return "one of " + ", ".join(ask.choices)
    if ask.gpus is None:
        return "unknown"
    named = [f"{number:g} × {name}" for name, number in ask.gpu_types.items() if name]
    others = [f"{number:g} × {name}" for name, number in ask.other_accelerators.items()]
    words = ", ".join(named) if named and len(named) == len(ask.gpu_types) else f"{ask.gpus:g}"
    return ", ".join([*([words] if ask.gpus or not others else []), *others]) + (" a node" if ask.per_node else "")


def length(seconds: float) -> str:
    """A length of time in one unit."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def wait_words(ask: PricedAsk) -> str:
    """The expected wait with its interval, or nothing."""
    wait = ask.wait
    return "" if wait is None else f"{length(wait.median_s)} ({length(wait.low_s)} – {length(wait.high_s)})"


def _row(ask: PricedAsk) -> str:
    what = f"{ask.kind} {ask.name or ''}".strip()
    tasks = f" × {ask.tasks} tasks" if ask.tasks > 1 else ""
    replicas = "unknown" if ask.replicas is None else f"{ask.replicas}{tasks}"
    cells: Sequence[str] = (what, replicas, gpus_words(ask), sums(ask.per_hour), sums(ask.cost), wait_words(ask))
    return "| " + " | ".join(_plain(cell) for cell in cells) + " |"


def _plain(text: str) -> str:
    """Text that makes no Markdown: no cells, no tags, no links, no mentions."""
    for letter, safe in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        ("|", "\\|"),
        ("`", "'"),
        ("[", "\\["),
        ("@", "@\u200b"),
        ("\n", " "),
    ):
        text = text.replace(letter, safe)
    return text


def _mark(over: bool) -> str:
    return "❌" if over else "✅"
