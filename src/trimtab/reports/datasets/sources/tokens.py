"""`tokens`: what calls of models used and cost, a row a day and everything that calls say of whom they were for."""

from collections import defaultdict
from decimal import Decimal

from trimtab.access.principal import Role
from trimtab.base.clock import Clock
from trimtab.economics.tokens.model import Priced
from trimtab.economics.tokens.room import TokensRoom
from trimtab.genai.tokens import total
from trimtab.reports.datasets.field import Field, integer, money, text
from trimtab.reports.datasets.source import Rows, Source, Window
from trimtab.reports.datasets.sources.times import DAY, DAY_MS, days_of

_KEYS = ("tenant", "user", "agent", "feature", "prompt_version", "vendor", "model", "service", "run")
FIELDS: tuple[Field, ...] = (
    DAY, text("tenant", "Tenant."), text("user", "User."), text("agent", "Agent."), text("feature", "Feature."),
    text("prompt_version", "Version of the prompt."), text("vendor", "Who answered."), text("model", "Model."),
    text("service", "Service that called."), text("run", "Run."), text("currency", "Currency of the cost."),
    integer("calls", "Calls."), integer("failed", "Calls that failed."),
    integer("unknown", "Calls without a known cost."), integer("input", "Tokens of prompts."),
    integer("cache_read", "Of them read from a cache."), integer("cache_write", "Of them written to one."),
    integer("output", "Tokens of answers."), integer("reasoning", "Of them reasoning."),
    money("cost", "What the calls cost."),
)  # fmt: skip


def tokens(room: TokensRoom, clock: Clock) -> Source:
    """The source over the room."""

    async def read(window: Window) -> Rows:
        first, last = days_of(window.start_ms, min(window.end_ms, clock.now_ms()))
        if first >= last:
            return Rows(())
        found = await room.priced(window.scope, first, last)
        groups: dict[tuple[object, ...], list[Priced]] = defaultdict(list)
        for one in found.calls:
            names = tuple(getattr(one.call, key) for key in _KEYS)
            groups[one.call.at_ms // DAY_MS * DAY_MS, *names, one.cost.currency].append(one)
        return Rows([(*key, *_sums(group)) for key, group in groups.items()], min(last, clock.now_ms()))

    return Source(
        "tokens", "Tokens", "a day, a model and whom its calls were for", FIELDS, read, Role.FINANCE, whole=True
    )


def _sums(group: list[Priced]) -> tuple[object, ...]:
    counts = total(one.call.tokens for one in group)
    known = [one.cost.amount for one in group if one.cost.amount is not None]
    return (
        len(group), sum(one.call.failed for one in group), len(group) - len(known), counts.input, counts.cache_read,
        counts.cache_write, counts.output, counts.reasoning, sum(known, Decimal(0)) if known else None,
    )  # fmt: skip
