"""Agents that call a model over and over in one session, as those that are in a loop do."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from statistics import median

from trimtab.advice.check import Check, Example, Examples, Fine, Found, Knobs, Outcome, Setting, Unsure, Want
from trimtab.advice.examples import ACCOUNT, NOW_MS, given
from trimtab.advice.facts import DAY_MS, HOUR_S, Facts, Thing
from trimtab.advice.finding import HOURS_A_MONTH, Effort, Evidence, Pillar, Status
from trimtab.base.coins import money
from trimtab.genai.habits import AgentSession, Habits

_LATELY_MS = 3 * DAY_MS
"""A loop of earlier was seen to, or will come again."""
_SHOWN = 3


def _judge(facts: Facts, knobs: Knobs) -> Iterator[Outcome]:
    agents: dict[tuple[str, str], list[AgentSession]] = defaultdict(list)
    for one in facts.habits.sessions:
        agents[one.account, one.agent].append(one)
    for sessions in agents.values():
        yield _of_agent(sessions, facts, knobs)


def _of_agent(sessions: Sequence[AgentSession], facts: Facts, knobs: Knobs) -> Outcome:
    thing = _thing(sessions[0])
    if len(sessions) < knobs["sessions"]:
        return Unsure(thing, f"{len(sessions)} of the {knobs['sessions']:.0f} sessions that tell what is usual")
    usual = median(one.calls for one in sessions)
    limit = max(knobs["calls"], knobs["times"] * usual)
    loops = sorted((one for one in sessions if one.calls > limit), key=lambda one: -one.calls)
    if not loops or max(one.end_ms for one in loops) < facts.now_ms - _LATELY_MS:
        return Fine(thing)
    worst = loops[0]
    known = [one for one in loops if one.amount is not None and one.currency == worst.currency]
    spent = sum((one.amount or Decimal(0) for one in known), Decimal(0))
    beyond = sum(((one.amount or Decimal(0)) * Decimal(repr(1 - usual / one.calls)) for one in known), Decimal(0))
    since_ms = min(one.start_ms for one in sessions)
    hours = Decimal(max(facts.habits.end_ms - since_ms, DAY_MS)) / (HOUR_S * 1000)
    minutes = (worst.end_ms - worst.start_ms) / 60_000
    evidence = [
        Evidence("calls of a usual session", f"{usual:,.0f} (median of {len(sessions):,})", "/tokens?by=agent"),
        *(
            Evidence(
                f"session {one.session}",
                f"{one.calls:,} calls, {one.input:,} prompt tokens, {_dollars(one)}",
                f"/traces/{one.trace_id}" if one.trace_id else "/tokens?by=session",
            )
            for one in loops[:_SHOWN]
        ),
    ]
    text = (
        f"{len(loops)} of {len(sessions):,} sessions of {worst.agent} went on and on: the longest made "
        f"{worst.calls:,} calls in {minutes:,.0f} minutes, a usual one {usual:,.0f}"
        + (f"; they cost {money(spent, worst.currency)}" if known else "")
    )
    return Found(
        thing, text, tuple(evidence), 0.6 if facts.habits.cut else 0.85, status=Status.ERROR,
        money=beyond * HOURS_A_MONTH / hours if known else None, currency=worst.currency or "USD",
        money_note="what such sessions cost beyond usual ones, by the price book: on the vendor's bill",
        words={"agent": worst.agent, "limit": f"{limit:,.0f}"},
    )  # fmt: skip


def _dollars(one: AgentSession) -> str:
    return "cost not known" if one.amount is None else money(one.amount, one.currency)


def _thing(one: AgentSession) -> Thing:
    path = f"local/{one.account}//agent/{one.agent}"
    return Thing(path, "agent", one.agent, one.agent, "", one.account, provider="local")


def _example(*calls: int) -> Facts:
    sessions = [
        AgentSession(
            account=ACCOUNT, agent="triage", tenant="globex", session=f"s-{at}", trace_id="",
            start_ms=NOW_MS - DAY_MS, end_ms=NOW_MS - DAY_MS + number * 10_000, calls=number, input=number * 4000,
            amount=Decimal(number) / 100, currency="USD",
        )
        for at, number in enumerate(calls)
    ]  # fmt: skip
    return given(habits=Habits(NOW_MS - 14 * DAY_MS, NOW_MS, (), sessions))


CHECK = Check(
    id="trimtab-agent-loop",
    name="Agents in a Loop",
    pillar=Pillar.COST,
    about="An agent that gets no further asks its model again and again, each time with all that went before, so that "
    "a session costs with the square of its length. A limit of steps, and one of tokens a session, ends it.",
    alert="a session of the last three days made more than 40 calls and more than five times those of the agent's "
    "median session",
    source="https://www.anthropic.com/engineering/building-effective-agents",
    settings=(
        Setting("sessions", 20, "sessions", "that the agent must have had", "fewer do not say what is usual"),
        Setting("times", 5, "× the median", "calls of a session", "sessions of one agent differ by two or three times"),
        Setting("calls", 40, "calls", "below which no session counts as a loop", "frameworks stop at 25 to 50 steps"),
    ),
    judge=_judge,
    wants=frozenset({Want.HABITS}),
    effort=Effort.LOW,
    fix="trimtab tokens --by session  # give {agent} a limit of steps below {limit}, and stop on a repeated call",
    examples=Examples(
        Example("one session of 180 calls", _example(*([6, 7, 8] * 10), 180), ("triage",)),
        Example("sessions that differ as they do", _example(*([6, 9, 14] * 10), 30)),
        Example("an agent that is hardly used", _example(6, 7, 180), (), ("triage",)),
    ),
)
