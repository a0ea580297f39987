"""Habits of callers: days of 24 hours back from now, sessions of agents, features beside own models."""

from decimal import Decimal

from trimtab.base.records import replace
from trimtab.economics.tokens.choices import OwnReplica
from trimtab.economics.tokens.habits import DAY_MS, habits_of
from trimtab.economics.tokens.ledger import OwnModel, priced
from trimtab.genai.call import Call
from trimtab.genai.habits import Habits
from trimtab.genai.prices.book import shipped
from trimtab.genai.tokens import Tokens

D = Decimal
END = 1_790_000_000_000
START = END - 3 * DAY_MS
CALL = Call(
    at_ms=END - 1000, vendor="openai", model="gpt-4o-2024-08-06", account="1", tenant="acme", trace_id="t",
    tokens=Tokens(input=2000, output=100, cache_read=500),
)  # fmt: skip
BOOKS = (shipped(),)
REPLICA = OwnReplica(name="ours", currency="USD", hourly=D("0.01"), units_per_hour=1e9, basis="")


def habits(*calls: Call, own: tuple[OwnModel, ...] = (), replicas: tuple[OwnReplica, ...] = ()) -> Habits:
    return habits_of(priced(calls, BOOKS, own)[0], replicas, BOOKS, (START, END), cut=False)


def test_the_newest_day_ends_now_and_says_what_was_cached() -> None:
    silent = replace(CALL, tokens=Tokens(input=9, output=1))
    (cache,) = habits(CALL, replace(CALL, at_ms=END - DAY_MS), replace(CALL, at_ms=END - DAY_MS - 1), silent).caches
    assert [0, 1, 2] == [day.calls for day in cache.days]
    assert [START, END - 2 * DAY_MS, END - DAY_MS] == [day.start_ms for day in cache.days]
    assert (4000, 1000, 1, 0.25) == (
        cache.days[-1].input, cache.days[-1].cache_read, cache.days[-1].silent, cache.days[-1].share,
    )  # fmt: skip


def test_an_agent_that_reads_its_cache_does_not_hide_a_feature_that_no_longer_does() -> None:
    chat, agent = replace(CALL, feature="chat"), replace(CALL, agent="triage")
    assert ["chat", "triage"] == [one.use for one in habits(chat, agent).caches]


def test_a_cached_token_saves_what_it_costs_less() -> None:
    (cache,) = habits(CALL).caches
    assert (D("1.25"), "USD") == (cache.saved_per_1m, cache.currency)  # 2.50 less 1.25
    (unknown,) = habits(replace(CALL, vendor="", model="nobody's")).caches
    assert unknown.saved_per_1m is None


def test_what_own_pods_serve_is_nobodys_habit() -> None:
    mine = replace(CALL, vendor="vllm", model="ours", agent="a", feature="f")
    found = habits(mine, own=(OwnModel("ours", "USD", D(10), D(0)),))
    assert ([], [], []) == (found.caches, found.sessions, found.features)


def test_batches_and_failed_calls_say_nothing_of_caches() -> None:
    assert [] == habits(replace(CALL, tier="batch"), replace(CALL, failed=True)).caches


def test_a_session_is_its_calls_in_order_with_what_they_cost() -> None:
    calls = [replace(CALL, agent="triage", session="s", at_ms=END - at) for at in (9000, 1000, 5000)]
    (session,) = habits(*calls, replace(CALL, session="no agent")).sessions
    assert ("triage", "s", 3, END - 9000, END - 1000, 6000) == (
        session.agent, session.session, session.calls, session.start_ms, session.end_ms, session.input,
    )  # fmt: skip
    assert 3 * (D(1500) * D("2.5") + D(500) * D("1.25") + D(100) * 10) / 1_000_000 == session.amount
    (unknown,) = habits(replace(calls[0], vendor="", model="nobody's")).sessions
    assert unknown.amount is None


def test_a_feature_is_laid_over_the_cheapest_own_replicas_from_its_first_call_on() -> None:
    dear = replace(REPLICA, name="dear", hourly=D(9))
    call = replace(CALL, feature="review", at_ms=END - 2 * 3_600_000)
    (feature,) = habits(call, replicas=(dear, REPLICA)).features
    assert ("review", "ours", D("0.02"), 1) == (feature.feature, feature.own, feature.own_amount, feature.calls)
    assert call.at_ms == feature.since_ms
    (alone,) = habits(call).features
    assert ("", None) == (alone.own, alone.own_amount)
