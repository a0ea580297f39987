"""A set of actions told as a plan: its rows in order, what each is worth alone and adds, and the invoices that follow.

Rows are pieces of work: actions of one verb that one check leads about what one owner has. What a row adds is the worth
of all rows up to it less that of the rows before it, so that the rows add up to the plan, to the cent; within a row it
is divided among its actions by the use that they take away, and within an action among the findings that lead it.
Actions come first, then exchanges of reservations, then what is bought.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct, field

from trimtab.advice.finding import HOURS_A_MONTH, Finding
from trimtab.advice.plan.evaluate import NOTHING, Beside, Evaluation, Worth, month_of, week_means
from trimtab.advice.plan.exchange import Exchange, beside, exchanged
from trimtab.advice.plan.model import ZERO, Evidence, Invoice, Plan, Row, Verb
from trimtab.advice.plan.outcomes import Outcomes, of_row, outcomes
from trimtab.advice.plan.timing import NEXT, Due, Timing, at_renewal, on
from trimtab.advice.purchases.model import HOUR_MS, Holdings, Reservation
from trimtab.advice.purchases.model import Plan as SavingsPlan
from trimtab.base.clock import to_datetime
from trimtab.base.records import replace
from trimtab.costs.apportion import apportion

MONTHS = 3
_CENT = Decimal("0.01")
_VERBS = tuple(Verb)


class Bought(Struct, frozen=True):
    """What the purchase plan buys, each with the finding that says so, plans before machines; exchanges come first."""

    holdings: Holdings = field(default_factory=Holdings)
    findings: tuple[Finding, ...] = ()
    exchanges: tuple[Exchange, ...] = ()

    def without(self, ids: Collection[str]) -> "Bought":
        """What is left when some of them (the ids of their findings) are not bought."""
        kept = [at for at, one in enumerate(self.findings) if one.id not in ids]
        every, plans = self.holdings.every, len(self.holdings.plans)
        return Bought(
            Holdings(
                tuple(self.holdings.plans[at] for at in kept if at < plans),
                tuple(self.holdings.reservations[at - plans] for at in kept if plans <= at < len(every)),
            ),
            tuple(self.findings[at] for at in kept),
            self.exchanges,
        )

    def first(self, many: int) -> Holdings:
        """The first so many of them."""
        plans = self.holdings.plans[:many]
        return Holdings(plans, self.holdings.reservations[: max(many - len(self.holdings.plans), 0)])

    def only(self, at: int) -> Holdings:
        """One of them."""
        plans = len(self.holdings.plans)
        if at < plans:
            return Holdings((self.holdings.plans[at],))
        return Holdings((), (self.holdings.reservations[at - plans],))


class _Piece(Struct, frozen=True):
    verb: Verb
    check: str
    owner: str
    chosen: bool
    actions: tuple[int, ...]


def tell(
    evaluation: Evaluation,
    chosen: frozenset[int],
    findings: Mapping[str, Finding],
    waiting: Sequence[Evidence],
    bought: Bought,
    how: str,
    made_ms: int,
) -> Plan:
    """The plan of a chosen set and what is bought for the use that it leaves."""
    books = evaluation.books
    pieces = _pieces(evaluation, chosen, findings)
    timing = Timing.of(evaluation, _renewed(evaluation, bought))
    rows: list[Row] = []
    worth: dict[str, tuple[Decimal | None, Decimal, str]] = {
        id_: (None, ZERO, one.reason) for one in waiting for id_ in one.findings
    }
    done: frozenset[int] = frozenset()
    before = NOTHING
    for piece in pieces:
        alone = evaluation.worth(piece.actions)
        after = evaluation.worth(done | set(piece.actions)) if piece.chosen else before
        row = _row(evaluation, piece, findings, alone, after.less(before), _likely(evaluation, done, piece))
        row = _dated(row, _due(evaluation, timing, done, piece, row))
        if piece.chosen:
            done, before = done | set(piece.actions), after
        rows.append(row)
        worth |= _worth(evaluation, piece, row, findings)
    for row in _of_commitments(evaluation, done, bought, before):
        rows.append(row)
        worth[row.findings[0]] = row.alone, row.adds, f"{row.reason or 'replayed after the rows above'}"
    everything = beside(bought.exchanges, bought.holdings)
    whole = evaluation.worth(done, everything)
    likely = outcomes(evaluation, done, everything)
    ends = books.use.at_ms
    span = (int(ends[0]), int(ends[-1]) + HOUR_MS)
    return Plan(
        made_ms, books.use.currency, *span, books.billed, whole.expected, likely.low, likely.high, tuple(rows),
        _invoices(evaluation, done, everything, span, likely), worth, how, books.notes, likely.expected,
    )  # fmt: skip


def _due(evaluation: Evaluation, timing: Timing, done: frozenset[int], piece: _Piece, row: Row) -> Due:
    """When a row becomes cash; one that is not chosen may do so later, where nothing else is done with its machines."""
    if not piece.chosen and (row.alone >= _CENT or not any(_known(evaluation, at) for at in piece.actions)):
        return Due()
    return timing.due(done, piece.actions, row.adds)


def _dated(row: Row, due: Due) -> Row:
    """A row with when it becomes cash; one that saves nothing now says what it saves later."""
    reason = row.reason
    if row.adds < _CENT and due.later:
        reason = f"saves nothing until {to_datetime(due.later_ms):%Y-%m-%d}: a commitment pays for it until then"
    return replace(row, cash_from=due.cash_from, later=due.later, later_ms=due.later_ms, reason=reason)


def _likely(evaluation: Evaluation, done: frozenset[int], piece: _Piece) -> Outcomes:
    """How what a row adds may come out by itself: in each week, and as certain as its actions are."""
    if not piece.chosen:
        return Outcomes(ZERO, ZERO, ZERO)
    after = done | set(piece.actions)
    hours = evaluation.hours(done) - evaluation.hours(after)
    flat = float(evaluation.flat(after) - evaluation.flat(done))
    weeks = [one * HOURS_A_MONTH + flat for one in week_means(hours)]
    weights = [max(evaluation.listed(at), 0.0) for at in piece.actions]
    return of_row(weeks, weights, [evaluation.actions[at].confidence for at in piece.actions])


def _pieces(evaluation: Evaluation, chosen: frozenset[int], findings: Mapping[str, Finding]) -> list[_Piece]:
    """The pieces of work in the order of the plan: those that are chosen first, by verb and by what they are worth."""
    parts: dict[tuple[Verb, str, str, bool], list[int]] = {}
    for at, one in enumerate(evaluation.actions):
        lead = findings[one.findings[0]]
        parts.setdefault((one.verb, lead.check, lead.owner, at in chosen), []).append(at)
    made = [_Piece(*key, tuple(places)) for key, places in parts.items()]
    worth = {one: evaluation.worth(one.actions).expected for one in made}
    return sorted(made, key=lambda one: (not one.chosen, _VERBS.index(one.verb), -worth[one], one.check, one.owner))


def _row(
    evaluation: Evaluation, piece: _Piece, findings: Mapping[str, Finding], alone: Worth, adds: Worth, likely: Outcomes
) -> Row:
    actions = [evaluation.actions[at] for at in piece.actions]
    ids = tuple(id_ for one in actions for id_ in one.findings)
    names = tuple(dict.fromkeys(findings[one.findings[0]].name for one in actions))
    reason = "" if piece.chosen else _why_not(evaluation, piece, alone)
    return Row(
        "|".join((piece.verb.value, piece.check, piece.owner, "" if piece.chosen else "-")), piece.verb,
        tuple(one.id for one in actions), ids, names, piece.owner, alone.expected, adds.expected, likely.low,
        likely.high, piece.chosen, reason,
    )  # fmt: skip


def _why_not(evaluation: Evaluation, piece: _Piece, alone: Worth) -> str:
    unknown = [at for at in piece.actions if not _known(evaluation, at)]
    if len(unknown) == len(piece.actions):
        return "no line of the bill names it"
    if alone.expected >= _CENT:
        return "the plan does something with it that is worth more"
    return "saves nothing on the invoice: what it leaves is paid anyhow, and nothing else needs it"


def _known(evaluation: Evaluation, at: int) -> bool:
    one = evaluation.actions[at]
    return one.flat is not None or evaluation.books.knows(one.machine)


def _worth(
    evaluation: Evaluation, piece: _Piece, row: Row, findings: Mapping[str, Finding]
) -> dict[str, tuple[Decimal | None, Decimal, str]]:
    """By finding its part of a row."""
    weights = [evaluation.listed(at) for at in piece.actions]
    found: dict[str, tuple[Decimal | None, Decimal, str]] = {}
    shares = zip(piece.actions, divided(row.alone, weights), divided(row.adds, weights), strict=True)
    for at, alone, adds in shares:
        one = evaluation.actions[at]
        lead = findings[one.findings[0]]
        leading = [id_ for id_ in one.findings if findings[id_].check == lead.check]
        even = [1.0] * len(leading)
        words = row.reason or _how(row)
        for id_, mine, added in zip(leading, divided(alone, even), divided(adds, even), strict=True):
            found[id_] = (mine if _known(evaluation, at) else None, added, words)
        for id_ in one.findings:
            if id_ not in found:
                found[id_] = (ZERO, ZERO, f"counted with {lead.check} about {lead.name}: it is one action")
    return found


def _how(row: Row) -> str:
    if row.alone == row.adds:
        return "the invoice, replayed hour by hour without it"
    return f"in the plan; {row.alone:,.2f} for all of its kind if nothing else were done"


def divided(amount: Decimal, weights: Sequence[float]) -> list[Decimal]:
    """An amount in cents by weights, to the cent; below 0 weighs nothing, and where none weighs all parts are even."""
    if len(weights) == 1:
        return [amount]
    parts = [max(Decimal(str(one)), ZERO) for one in weights]
    return apportion(amount, parts if any(parts) else [1] * len(parts), 2)


def _of_commitments(evaluation: Evaluation, done: frozenset[int], bought: Bought, before: Worth) -> list[Row]:
    """The rows of exchanges and then of purchases, each replayed after those before it."""
    rows = []
    for at, each in enumerate(bought.exchanges):
        alone = evaluation.worth((), beside((each,)))
        after = evaluation.worth(done, beside(bought.exchanges[: at + 1]))
        rows.append(_commitment(Verb.EXCHANGE, each.finding, alone, after.less(before), Due(NEXT)))
        before = after
    renewals = _renewals(evaluation, bought)
    for at, finding in enumerate(bought.findings):
        alone = evaluation.worth((), Beside(bought.only(at)))
        some = [beside(bought.exchanges, bought.first(many)) for many in (at, at + 1)]
        adds = evaluation.worth(done, some[1]).less(before)
        one, again = bought.only(at).every[0], renewals[at]
        due = Due(NEXT)
        if one.start_ms > int(evaluation.books.use.at_ms[0]):
            shift = one.start_ms - int(evaluation.books.use.at_ms[0])
            then = [evaluation.worth(done, each, shift).expected for each in some]
            words = at_renewal(again, one.start_ms) if again else on(one.start_ms)
            due = Due(words, then[1] - then[0] - adds.expected, one.start_ms)
        rows.append(_commitment(Verb.RENEW if again else Verb.COMMIT, finding, alone, adds, due))
        before = evaluation.worth(done, some[1])
    return rows


def _commitment(verb: Verb, finding: Finding, alone: Worth, adds: Worth, due: Due) -> Row:
    low, high = sorted((adds.low, adds.high))
    return Row(
        "|".join((verb.value, finding.check, finding.part or finding.resource)), verb,
        (finding.part or finding.resource,), (finding.id,), (finding.name,), finding.owner or finding.account,
        alone.expected, adds.expected, low, high,
        reason=f"from {to_datetime(due.later_ms):%Y-%m-%d} on" if due.later_ms and adds == NOTHING else "",
        later_ms=due.later_ms, cash_from=due.cash_from, later=due.later,
    )  # fmt: skip


def _renewed(evaluation: Evaluation, bought: Bought) -> frozenset[str]:
    """What is held today that a purchase renews, as itself or as what it is exchanged for."""
    given = {one.to.id: one.of.id for one in bought.exchanges}
    return frozenset(given.get(one, one) for one in _renewals(evaluation, bought) if one)


def _renewals(evaluation: Evaluation, bought: Bought) -> list[str]:
    """Of each purchase what it renews: what ends when it begins, on the same terms; "" of one that is new.

    What is given in an exchange is not there to be renewed any more, and what is got for it is.
    """
    held = exchanged(evaluation.held, bought.exchanges)
    ending = {(one.end_ms, *_terms(one)): one.id for one in held.every if one.end_ms}
    return [ending.get((one.start_ms, *_terms(one)), "") for one in bought.holdings.every]


def _terms(one: SavingsPlan | Reservation) -> tuple[object, ...]:
    if isinstance(one, SavingsPlan):
        return one.kind, one.family, one.region, one.years, one.payment
    return one.service, one.type, one.region, one.zone, one.platform, one.years, one.payment


def _invoices(
    evaluation: Evaluation, done: frozenset[int], everything: Beside, span: tuple[int, int], likely: Outcomes
) -> tuple[Invoice, ...]:
    """The months that follow: the days that were replayed come again, under what is in force by then.

    Their best and worst are as far from them as the plan's high and low are from its total.
    """
    found = []
    base = float(evaluation.hours(()).mean())
    total = evaluation.worth(done, everything).expected
    for number in range(MONTHS):
        shift = number * (span[1] - span[0])
        month = to_datetime(span[0] + shift + (span[1] - span[0]) // 2)
        dearer = month_of(float(evaluation.hours((), None, shift).mean()) - base)
        before = evaluation.books.billed + dearer
        after = before - evaluation.worth(done, everything, shift).expected
        found.append(Invoice(f"{month:%Y-%m}", before, after, after + total - likely.high, after + total - likely.low))
    return tuple(found)


def part_of(plan: Plan, findings: Collection[str]) -> Plan:
    """What a caller sees who sees some findings only: their rows with what they add, and the sum of it.

    The invoices are the company's, and are left out.
    """
    rows = []
    for row in plan.rows:
        mine = tuple(id_ for id_ in row.findings if id_ in findings)
        if mine:
            known = [plan.worth.get(id_, (ZERO, ZERO, "")) for id_ in mine]
            alone = sum((one or ZERO for one, _, _ in known), ZERO)
            adds = sum((one for _, one, _ in known), ZERO)
            later = row.later if mine == row.findings else ZERO
            rows.append(replace(row, findings=mine, alone=alone, adds=adds, low=adds, high=adds, later=later))
    total = sum((row.adds for row in rows), ZERO)
    worth = {id_: one for id_, one in plan.worth.items() if id_ in findings}
    return replace(
        plan, billed=ZERO, total=total, low=total, high=total, expected=total, rows=tuple(rows), invoices=(),
        worth=worth,
    )  # fmt: skip
