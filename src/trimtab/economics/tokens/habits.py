"""How callers use models, of priced calls: the facts of advice about tokens. Pure.

Days are of 24 hours, back from the end of the range, so that the newest is whole whenever it is asked. What own pods
serve is left out: its cost is a share of theirs, which no caller's habit changes.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from trimtab.base.records import replace
from trimtab.economics.tokens.choices import OwnReplica, compare
from trimtab.economics.tokens.model import Priced
from trimtab.genai.call import Call
from trimtab.genai.habits import AgentSession, CachedDay, FeatureCost, Habits, PromptCache
from trimtab.genai.prices.book import Book
from trimtab.genai.prices.price import MILLION, cost_of
from trimtab.genai.tokens import Tokens

DAY_MS = 86_400_000
OWN_SCALED = "own scaled"


def habits_of(
    calls: Iterable[Priced], replicas: Sequence[OwnReplica], books: Sequence[Book], span: tuple[int, int], *, cut: bool
) -> Habits:
    """The habits of calls in a span."""
    bought = [one for one in calls if not one.own]
    return Habits(
        *span,
        caches=_caches(bought, books, span),
        sessions=_sessions(bought),
        features=_features(bought, replicas, books, span),
        cut=cut,
    )


def _caches(calls: Sequence[Priced], books: Sequence[Book], span: tuple[int, int]) -> list[PromptCache]:
    groups: dict[tuple[str, str, str, str, str], list[Call]] = defaultdict(list)
    for one in calls:
        call = one.call
        if call.tokens.input is not None and not call.failed and not call.batch:
            groups[call.account, call.tenant, call.feature or call.agent, call.vendor, call.model].append(call)
    found = []
    for (account, tenant, use, vendor, model), mine in sorted(groups.items()):
        saved, currency = _saved_per_1m(mine[-1], books)
        found.append(
            PromptCache(
                account=account,
                tenant=tenant,
                vendor=vendor,
                model=model,
                use=use,
                days=_days(mine, span),
                saved_per_1m=saved,
                currency=currency,
            )
        )
    return found


def _days(calls: Iterable[Call], span: tuple[int, int]) -> list[CachedDay]:
    first, last = span
    count, silent, prompts, read = Counter[int](), Counter[int](), Counter[int](), Counter[int]()
    for call in calls:
        day = (last - 1 - call.at_ms) // DAY_MS
        if call.tokens.cache_read is None:
            silent[day] += 1
            continue
        count[day] += 1
        prompts[day] += call.tokens.input or 0
        read[day] += call.tokens.cache_read
    days = range((last - first) // DAY_MS - 1, -1, -1)
    return [CachedDay(last - (day + 1) * DAY_MS, count[day], prompts[day], read[day], silent[day]) for day in days]


def _saved_per_1m(call: Call, books: Sequence[Book]) -> tuple[Decimal | None, str]:
    """What a million tokens of a call's model cost less from its cache: a call of as many, priced twice."""
    plain = replace(call, tokens=Tokens(input=int(MILLION), output=0), cost=None, tier="")
    fresh, cached = (
        cost_of(replace(plain, tokens=Tokens(input=int(MILLION), output=0, cache_read=read)), books)
        for read in (0, int(MILLION))
    )
    if fresh.amount is None or cached.amount is None:
        return None, ""
    return fresh.amount - cached.amount, fresh.currency


def _sessions(calls: Iterable[Priced]) -> list[AgentSession]:
    groups: dict[tuple[str, str, str], list[Priced]] = defaultdict(list)
    for one in calls:
        if one.call.agent and (name := one.call.session or one.call.trace_id):
            groups[one.call.account, one.call.agent, name].append(one)
    return [_session(name, mine) for (_, _, name), mine in sorted(groups.items())]


def _session(name: str, calls: Sequence[Priced]) -> AgentSession:
    first = min((one.call for one in calls), key=lambda call: call.at_ms)
    costs = [one.cost for one in calls if one.cost.amount is not None]
    currency = Counter(cost.currency for cost in costs).most_common(1)[0][0] if costs else ""
    amounts = [cost.amount or Decimal(0) for cost in costs if cost.currency == currency]
    return AgentSession(
        account=first.account,
        agent=first.agent,
        tenant=first.tenant,
        session=name,
        trace_id=first.trace_id,
        start_ms=first.at_ms,
        end_ms=max(one.call.at_ms for one in calls),
        calls=len(calls),
        input=sum(one.call.tokens.input or 0 for one in calls),
        amount=sum(amounts, Decimal(0)) if amounts else None,
        currency=currency,
    )


def _features(
    calls: Iterable[Priced], replicas: Sequence[OwnReplica], books: Sequence[Book], span: tuple[int, int]
) -> list[FeatureCost]:
    groups: dict[tuple[str, str, str, str], list[Priced]] = defaultdict(list)
    for one in calls:
        if one.call.feature and one.cost.amount is not None and one.call.tokens.known:
            groups[one.call.account, one.call.feature, one.call.vendor, one.call.model].append(one)
    found = []
    for (account, feature, vendor, model), mine in sorted(groups.items()):
        since = max(span[0], min(one.call.at_ms for one in mine))
        compared = compare(mine, (), replicas, books, (since, span[1]))
        recorded = compared.choices[0]
        own = [one for one in compared.choices if one.kind == OWN_SCALED and one.amount is not None]
        best = min(own, key=lambda one: one.amount or Decimal(0), default=None)
        found.append(
            FeatureCost(
                account=account,
                feature=feature,
                vendor=vendor,
                model=model,
                since_ms=since,
                calls=recorded.calls,
                amount=recorded.amount or Decimal(0),
                currency=recorded.currency,
                own="" if best is None else best.name.partition(",")[0],
                own_amount=None if best is None else best.amount,
                replicas=0 if best is None else best.replicas,
            )
        )
    return found
