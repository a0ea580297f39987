"""A plan as findings of the advice room: what to buy, what is idle, and what ends soon."""

from collections.abc import Sequence
from decimal import Decimal

from trimtab.advice.finding import Action, Effort, Evidence, Finding, Judgement, Pillar, Status
from trimtab.advice.purchases.answer import Answer, Bought, Held
from trimtab.advice.purchases.model import AWS, AZURE, GOOGLE
from trimtab.advice.purchases.wording import is_plan, term_of, units_of, words_of
from trimtab.base.clock import iso
from trimtab.base.coins import money

PAGE = "/purchase-plan"
BUY, IDLE, EXPIRY = "trimtab-purchase-plan", "trimtab-idle-commitment", "trimtab-commitment-expiry"
IDLE_BELOW = 0.8
"""Share of a commitment used under which it is told of; under 5 % it is idle."""
_NOTHING = 0.05
_SOON_MS = 30 * 86_400_000
"""AWS's own check warns of reservations that end within 30 days."""
_CENT = Decimal("0.01")
_DOLLAR = "USD"
_PREFIX = {AWS: "aws", GOOGLE: "gcp", AZURE: "azure"}
"""How paths of resources begin, by provider."""


def all_judged(answers: Sequence[Answer]) -> tuple[Judgement, ...]:
    """The findings of several plans, each check's together: what one plan finds does not replace what another did."""
    parts = [judged(one) for one in answers]
    return tuple(
        Judgement(
            each[0].check,
            tuple(finding for one in each for finding in one.findings),
            (),
            sum(one.looked_at for one in each),
        )
        for each in zip(*parts, strict=True)
    )


def judged(answer: Answer) -> tuple[Judgement, ...]:
    """The findings of a plan."""
    bought = tuple(_buy(one, answer) for one in answer.bought)
    idle = tuple(_idle(one, answer) for one in answer.held if is_idle(one, answer.made_ms))
    soon = tuple(
        _ends(one, answer)
        for one in answer.held
        if one.end_ms is not None and answer.made_ms <= one.end_ms <= answer.made_ms + _SOON_MS
    )
    return (
        Judgement(BUY, bought, (), len(answer.bought)),
        Judgement(IDLE, idle, (), len(answer.held)),
        Judgement(EXPIRY, soon, (), len(answer.held)),
    )


def is_idle(one: Held, now_ms: int) -> bool:
    """Whether too little of a commitment is used: of one that has not begun, too little of it will be."""
    over = one.end_ms is not None and one.end_ms <= now_ms
    return not over and (one.seen or one.ahead is not None) and one.used < IDLE_BELOW


def part_of(one: Bought, currency: str) -> str:
    """What tells a purchase from others of its kind; of another currency than the dollar that too."""
    return one.id if currency == _DOLLAR else f"{one.id} {currency}"


def _buy(one: Bought, answer: Answer) -> Finding:
    low = answer.outcomes["low"].saving
    plan = is_plan(one.kind)
    unit = f"{answer.currency} an hour" if plan else units_of(one.scope)
    queued, saves = one.start_ms > answer.made_ms, Decimal(str(one.saving)).quantize(_CENT)
    day = iso(one.start_ms)[:10]
    when = f", from {day}" if queued else ""
    later = f"saves {money(saves, answer.currency)} a month from {day} on, and nothing before; "
    return Finding(
        BUY,
        Pillar.COST,
        f"{_PREFIX[answer.provider]}/{one.owner}//purchase/{one.kind}",
        "commitment",
        f"{words_of(one.kind)} for {one.scope}",
        one.owner,
        "",
        f"commit to {one.amount:f} {unit}, {term_of(one.years, one.payment)}{when}",
        part=part_of(one, answer.currency),
        evidence=(
            Evidence("saves a month, all together, in the low outcome", f"{low:,.0f} {answer.currency}", PAGE),
            Evidence("used, expected", f"{one.used['expected'].mean:.1%}", PAGE),
            Evidence("used, low outcome", f"{one.used['low'].mean:.1%}", PAGE),
            Evidence("rates", f"{one.basis}: {one.source}", PAGE),
        ),
        confidence=0.9 if one.basis in ("own", "bill", "published") else 0.6,
        cash=Decimal(0) if queued else saves,
        estimate=Decimal(0) if queued else saves,
        cost=Decimal(str(one.value)).quantize(_CENT),
        currency=answer.currency,
        cash_note=f"{later if queued else ''}expected; simulated hour by hour with what is held already",
        fix=one.command,
        effort=Effort.VERY_LOW,
        action=Action.BUY_SAVINGS_PLAN if plan else Action.BUY_RESERVATION,
        rollback=False,
        current="on demand",
        advised=one.kind,
    )


def _idle(one: Held, answer: Answer) -> Finding:
    idle = one.used < _NOTHING
    sell = "modify or exchange it, move work to it, or sell it on the Reserved Instance Marketplace"
    wait = "move work under it; a Savings Plan can be returned within 7 days of its purchase"
    if answer.provider != AWS:
        sell = wait = f"move work under it; {answer.provider} says what of its commitments can be exchanged or ended"
    return Finding(
        IDLE,
        Pillar.COST,
        f"{_PREFIX[answer.provider]}/{one.owner}//commitment/{one.id}",
        "commitment",
        one.id.rpartition("/")[2] or one.id,
        one.owner,
        "",
        f"{one.used:.0%} of {one.kind} ({one.scope}) is used",
        status=Status.ERROR if idle else Status.WARNING,
        evidence=(Evidence("unused a month", money(one.unused, answer.currency), PAGE),),
        cash=Decimal(0),
        cost=Decimal(str(one.unused)).quantize(_CENT),
        currency=answer.currency,
        cash_note="it is paid until it ends, used or not",
        fix=wait if is_plan(one.kind) else sell,
        effort=Effort.MEDIUM,
        current=f"{one.used:.0%} used",
        advised="use, exchange or sell",
    )


def _ends(one: Held, answer: Answer) -> Finding:
    days = ((one.end_ms or answer.made_ms) - answer.made_ms) // 86_400_000
    return Finding(
        EXPIRY,
        Pillar.COST,
        f"{_PREFIX[answer.provider]}/{one.owner}//commitment/{one.id}",
        "commitment",
        one.id.rpartition("/")[2] or one.id,
        one.owner,
        "",
        f"{one.kind} ({one.scope}) ends in {days} days",
        evidence=(Evidence("an hour", money(one.hourly, answer.currency), PAGE),),
        cash=None,
        currency=answer.currency,
        cash_note="a plan queues what replaces it for that day; without that its use is paid on demand then",
        fix="trimtab advice purchases plan",
        effort=Effort.VERY_LOW,
        current=f"ends in {days} days",
        advised="plan what follows",
    )
