"""What travels over `/rest/v1/advice`. Amounts are decimal text a month; times are ms UTC."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from trimtab.client.wire import Millis

Text = Annotated[str, Meta(max_length=256)]
Reason = Annotated[str, Meta(max_length=2000)]
DecisionName = Literal["accepted", "dismissed", "suppressed", "reopened"]


class AdviceEvidence(Struct, frozen=True):
    """A fact behind a finding, and the page that shows it."""

    name: str
    value: str
    url: str = ""


class Advice(Struct, frozen=True):
    """A finding and what was decided of it.

    `cash` is what it adds in the plan, off the next invoice, `alone` what it is worth where nothing else is done; null
    is not known. `owner_reason` says why it is its owner's. `machine` is the machine that it is about, the same in
    every finding: the key of its bill, else its path in the ledger of GPU time; "" of what is no machine. `cost_note`:
    who says the cost. `warning`: that the predictions of its check did not hold; "" where they did.
    """

    id: str
    check: str
    check_name: str
    pillar: str
    status: str
    resource: str
    kind: str
    name: str
    account: str
    region: str
    owner: str
    owner_reason: str
    machine: str
    summary: str
    cash: str | None
    currency: str
    cash_note: str
    alone: str | None
    cost: str | None
    cost_note: str
    gpu_hours: float
    confidence: float
    effort: str
    action: str
    restart: bool
    rollback: bool
    current: str
    advised: str
    fix: str
    evidence: list[AdviceEvidence]
    tags: dict[str, str]
    state: str
    first_ms: int
    last_ms: int
    changed_ms: int
    decision: str
    decided_by: str
    decided_ms: int
    reason: str
    until_ms: int
    warning: str = ""


class PlanRow(Struct, frozen=True):
    """A line of the plan: actions that are one piece of work. Money is a month, off the next invoices.

    `alone`: where nothing else is done; `adds`: after the rows above, and all rows add up to the total. `low` and
    `high` are the 10th and 90th percentile of that over weeks and over how certain it is. Rows that are not `chosen`
    add nothing, for the `reason`. `findings` are ids of advice. `cash_from`: when it becomes cash (`next invoice`, `on`
    a day, `at renewal of` a commitment); `later` is what it adds beside that from `later_ms` on.
    """

    id: str
    verb: str
    names: list[str]
    owner: str
    alone: str
    adds: str
    low: str
    high: str
    chosen: bool
    reason: str
    later_ms: int
    findings: list[str]
    cash_from: str = ""
    later: str = "0"


class PlanInvoice(Struct, frozen=True):
    """A coming month's invoice without the plan and with it, and with it as the plan's high (`low`) and low case is."""

    month: str
    before: str
    after: str
    low: str
    high: str


class AdvicePlan(Struct, frozen=True):
    """The best set of actions in one currency. `total` is that of the set, replayed together; `billed` is the invoice
    a month without it, net of discounts, of the days `[start_ms, end_ms)` as which those to come are taken. `expected`
    is the mean over weeks and over how certain each action is, `low` and `high` the 10th and 90th percentile."""

    made_ms: int
    currency: str
    start_ms: int
    end_ms: int
    billed: str
    total: str
    low: str
    high: str
    rows: list[PlanRow]
    invoices: list[PlanInvoice]
    how: str
    notes: list[str]
    expected: str = "0"


class PlanPart(Struct, frozen=True):
    """A currency's plan in another currency: `original` is its own total, `rate` that of one unit, on `day`.

    `rate` and `day` are null for the plan that is in that currency already.
    """

    currency: str
    original: str
    total: str
    rate: str | None
    day: str | None
    sources: list[str]


class PlansTogether(Struct, frozen=True):
    """All plans in one currency. Totals are sums of `parts`; `missing` says by currency why its plan is left out."""

    currency: str
    total: str
    low: str
    high: str
    billed: str
    parts: list[PlanPart]
    missing: dict[str, str]


class AdvicePlans(Struct, frozen=True):
    """The plans, one a currency, the largest bill first, and all of them in one; null where nothing is to convert."""

    plans: list[AdvicePlan]
    together: PlansTogether | None = None


class AdviceList(Struct, frozen=True):
    """Findings, best first, and how many there are."""

    advice: list[Advice]
    total: int


class Decide(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to become of a finding. Dismissing and suppressing need a reason; `until_ms` ends a suppression."""

    decision: DecisionName
    reason: Reason = ""
    until_ms: Millis | None = None


class AdviceDecision(Struct, frozen=True):
    """A decision that was made."""

    decision: str
    who: str
    at_ms: int
    reason: str
    until_ms: int


class AdviceDecisions(Struct, frozen=True):
    """Every decision of a finding, in order."""

    decisions: list[AdviceDecision]


class CheckSetting(Struct, frozen=True):
    """A threshold of a check: its default, and its value where somebody changed it."""

    name: str
    value: float
    default: float
    unit: str
    meaning: str
    source: str


class AdviceCheck(Struct, frozen=True):
    """A check, and how it went the last time."""

    id: str
    name: str
    pillar: str
    about: str
    alert: str
    source: str
    action: str
    effort: str
    fix: str
    kinds: list[str]
    settings: list[CheckSetting]
    ran_ms: int = 0
    looked_at: int = 0
    flagged: int = 0
    undecided: dict[str, str] = field(default_factory=dict)
    problem: str = ""


class AdviceChecks(Struct, frozen=True):
    """Every check."""

    checks: list[AdviceCheck]


class Refresh(Struct, frozen=True, forbid_unknown_fields=True):
    """Which checks to judge now; none named: all of them."""

    checks: Annotated[list[Text], Meta(max_length=200)] = field(default_factory=list)


class AdviceChanges(Struct, frozen=True):
    """What a recomputation changed: ids of findings."""

    new: list[str]
    gone: list[str]
    changed: list[str]


class AdviceRun(Struct, frozen=True):
    """A recomputation."""

    at_ms: int
    took_ms: int
    what: str
    changes: AdviceChanges


class AdviceRuns(Struct, frozen=True):
    """The last recomputations, the newest first."""

    runs: list[AdviceRun]


class PlanVerb(Struct, frozen=True):
    """What the actions of a verb promised and came to, a month."""

    verb: str
    promised: str
    came: str


class PlanLeftOut(Struct, frozen=True):
    """A check (or a machine) that is not in a backtest, and why."""

    name: str
    reason: str


class PlanBacktest(Struct, frozen=True):
    """The plan of `as_of_ms`, made of what was known then, on the `days` that came. Money is a month.

    `promised` is its total (`low` to `high` by week), `came` the invoice of the days that came without its set less
    that with it; `at_prices` is the same at the prices and discounts of then, and `ratio` that ÷ promised, null where
    nothing was promised. `left_out` is not judged as of then.
    """

    currency: str
    as_of_ms: int
    days: int
    findings: int
    promised: str
    low: str
    high: str
    came: str
    at_prices: str
    ratio: float | None
    verbs: list[PlanVerb]
    left_out: list[PlanLeftOut]
    made_ms: int


class PlanBacktests(Struct, frozen=True):
    """Of 30 and of 7 days ago, by currency; none before the first night with so many days of bill and one."""

    backtests: list[PlanBacktest]


class SetCheck(Struct, frozen=True, forbid_unknown_fields=True):
    """Thresholds that differ from their defaults; those not named go back to them."""

    settings: Annotated[dict[Text, Annotated[float, Meta(ge=0, le=1e12)]], Meta(max_length=20)]


class SavingsEntry(Struct, frozen=True):
    """A line of the ledger. `before` and `after` are costs of a day, `trend` that of comparable resources.

    `predicted` is what it added by its `verb` in the plan of `planned_ms`; 0 where no plan had it. `replayed`: `before`
    and `after` are at list prices, and `realised` is of the invoice, replayed.
    """

    finding: str
    check: str
    resource: str
    account: str
    owner: str
    state: str
    accepted_ms: int
    applied_ms: int
    proof: str
    predicted: str | None
    predicted_gpu_hours: float
    realised: str | None
    realised_total: str | None
    currency: str
    grade: str
    before: str | None = None
    after: str | None = None
    trend: float | None = None
    peers: int = 0
    days: int = 0
    verb: str = ""
    planned_ms: int = 0
    replayed: bool = False


class SavingsRecord(Struct, frozen=True):
    """How predictions of a check, a verb of the plan or a month came out.

    `taken` is predicted of every line, `predicted` and `realised` are of what was measured. `ratio` is realised ÷
    predicted over `cases` (the GPUs of a machine are one), `low` to `high` hold eight of ten such ratios; null where
    too few say it. `warning`: what is said beside new findings of a check that realised less than 0.7 of it.
    """

    name: str
    currency: str
    lines: int
    applied: int
    measured: int
    taken: str
    predicted: str
    realised: str
    cases: int
    ratio: float | None
    low: float | None
    high: float | None
    mean_error: float | None
    warning: str


class Savings(Struct, frozen=True):
    """The ledger: its lines, what was saved so far by currency, and how predictions came out.

    `sets` by the month in which they were taken, `verbs` by what the plan does, `checks` by the id of the check.
    """

    entries: list[SavingsEntry]
    saved: dict[str, str]
    sets: list[SavingsRecord]
    verbs: list[SavingsRecord]
    checks: list[SavingsRecord]
