"""What travels over `/rest/v1/purchases`. Money is the bill's currency, a month of 730 hours; times are ms UTC."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

ProviderName = Literal["AWS", "Google Cloud", "Azure"]
RateKindName = Literal[
    "EC2_INSTANCE_SP", "COMPUTE_SP", "SAGEMAKER_SP", "DATABASE_SP", "GOOGLE_FLEXIBLE_CUD", "AZURE_COMPUTE_SP"
]
KindName = Literal["EC2_INSTANCE_SP", "COMPUTE_SP", "SAGEMAKER_SP", "DATABASE_SP"]
PaymentName = Literal["NO_UPFRONT", "PARTIAL_UPFRONT", "ALL_UPFRONT"]
Millis = Annotated[int, Meta(ge=0, le=4_102_444_800_000, description="Milliseconds since the epoch, UTC.")]
Years = Annotated[int, Meta(ge=1, le=3, description="Years of a term: 1 or 3.")]
Part = Annotated[float, Meta(ge=0, le=1)]
Name = Annotated[str, Meta(min_length=1, max_length=512)]
Word = Annotated[str, Meta(max_length=128)]
Amount = Annotated[str, Meta(max_length=40, pattern=r"^[0-9]{1,9}(\.[0-9]{1,12})?$")]


class PlanPurchases(Struct, frozen=True, forbid_unknown_fields=True):
    """What a plan may buy, and over what it is made.

    `days` of the bill are looked at, `months` ahead planned for. `caution` 0 to 1 weighs the low outcome more,
    `capital` is what money costs a year, `decline` by which share use falls a year beyond the first. `tranches` parts
    are bought `tranche_days` apart. `most_expiring`: the share of what is bought that may end in one calendar month,
    a twelfth to 1; under 1 purchases are queued over several months. `spot`: the share of on-demand instance use that
    may be interrupted. `rightsizing`: over the use that the other actions of the plan leave. `currency`: which part of
    the bill; needed where it has several. `provider`: whose commitments; `kinds` are AWS's.
    """

    days: Annotated[int, Meta(ge=1, le=400)] = 60
    months: Annotated[int, Meta(ge=1, le=36)] = 12
    kinds: Annotated[list[KindName], Meta(min_length=1, max_length=4)] = field(
        default_factory=lambda: ["EC2_INSTANCE_SP", "COMPUTE_SP", "SAGEMAKER_SP", "DATABASE_SP"]
    )
    years: Annotated[list[Years], Meta(min_length=1, max_length=2)] = field(default_factory=lambda: [1])
    payments: Annotated[list[PaymentName], Meta(min_length=1, max_length=3)] = field(
        default_factory=lambda: ["NO_UPFRONT"]
    )
    caution: Part = 0.0
    capital: Part = 0.0
    decline: Part = 0.15
    tranches: Annotated[int, Meta(ge=1, le=12)] = 1
    tranche_days: Annotated[int, Meta(ge=1, le=365)] = 90
    spot: Part = 0.0
    owner: Annotated[str, Meta(max_length=12)] = ""
    sharing: bool = True
    rightsizing: bool = True
    most_expiring: Annotated[float, Meta(ge=1 / 12, le=1)] = 1.0
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$|^$")] = ""
    provider: ProviderName = "AWS"


class PurchaseFigures(Struct, frozen=True):
    """How commitments do, a month. Shares are 0 to 1, null where there is nothing to divide by."""

    hours: int
    on_demand_equivalent: float
    cost: float
    committed: float
    unused: float
    coverage: float | None
    utilisation: float | None
    savings_rate: float | None


class PurchaseOutcome(Struct, frozen=True):
    """One outcome: without and with the purchases, and what is saved a month."""

    before: PurchaseFigures
    after: PurchaseFigures
    saving: float


class PurchaseSpread(Struct, frozen=True):
    """The share used: mean, and the hours of the 5th and 50th percentile."""

    mean: float
    low: float
    median: float


class Purchase(Struct, frozen=True):
    """Something to buy. `amount` is dollars an hour of a plan, machines of a reservation.

    `value` and `saving` are of a month in which it is in force. One that starts after the plan was made is queued.
    """

    kind: str
    id: str
    owner: str
    scope: str
    years: int
    payment: str
    amount: str
    hourly: str
    upfront: str
    start_ms: int
    end_ms: int
    value: float
    saving: float
    used: dict[str, PurchaseSpread]
    break_even_ms: dict[str, int | None]
    basis: str
    source: str
    command: str


class Commitment(Struct, frozen=True):
    """Something that is held: its use over the days looked at, and what its idle part costs a month.

    `ahead`: its use in the expected outcome until it ends; null where it has ended. `seen` false: it was not in force
    in the days looked at, `used` is what is ahead.
    """

    id: str
    kind: str
    owner: str
    scope: str
    amount: str
    hourly: str
    start_ms: int | None
    end_ms: int | None
    used: float
    unused: float
    ahead: float | None = None
    seen: bool = True


class PurchaseExpiry(Struct, frozen=True):
    """What ends in a calendar month (`2027-03`), dollars an hour; `share` is that of all that is bought."""

    month: str
    held: float
    bought: float
    share: float


class PurchaseStack(Struct, frozen=True):
    """A week's use at on-demand rates, dollars an hour, by how it is paid for: a row a label.

    `after` is the plan as of `on_ms`, when every purchase has begun; 0: as of now.
    """

    at_ms: list[int]
    labels: list[str]
    before: list[list[float]]
    after: list[list[float]]
    on_ms: int = 0


class DocumentedRule(Struct, frozen=True):
    """What AWS's documented rule would advise of one kind of plan by itself."""

    kind: str
    scope: str
    hourly: float
    saving: float
    utilisation: float


class PurchaseProof(Struct, frozen=True):
    """The plan of `days` ago on what then came: promised and came a month, the savings rate before and after."""

    days: int
    promised: float
    low: float
    came: float
    before: float
    after: float


class PurchaseAnswer(Struct, frozen=True):
    """A plan."""

    made_ms: int
    currency: str
    start_ms: int
    end_ms: int
    forecast_error: float | None
    outcomes: dict[str, PurchaseOutcome]
    bought: list[Purchase]
    held: list[Commitment]
    stack: PurchaseStack
    documented: list[DocumentedRule]
    proof: PurchaseProof | None
    how: str
    spot_saving: float
    notes: list[str]
    expiries: list[PurchaseExpiry] = field(default_factory=list)
    provider: str = "AWS"


class PurchasePlan(Struct, frozen=True):
    """A plan with its question; `problem` why it has no answer."""

    id: int
    made_ms: int
    took_ms: int
    settings: PlanPurchases
    answer: PurchaseAnswer | None
    problem: str


class PutRate(Struct, frozen=True, forbid_unknown_fields=True):
    """An own rate: `share` of on demand that an hour costs under such a plan; `family` and `region` * for all."""

    kind: RateKindName
    years: Years
    payment: PaymentName
    share: Amount
    service: Word = "AmazonEC2"
    family: Word = "*"
    note: Word = ""
    region: Word = "*"


class ReservedRate(Struct, frozen=True):
    """What reserving at Google or Azure costs: a `share` of on demand, or `hourly` for a unit. `sizes` have ratios."""

    provider: ProviderName
    family: Word
    region: Word
    years: Years
    payment: PaymentName
    share: str | None
    hourly: str | None
    sizes: dict[str, str]
    note: Word = ""


class ImportRates(Struct, frozen=True, forbid_unknown_fields=True):
    """A CSV of rates: provider, kind, family, region, years, payment, discount or unit_price, sizes, note."""

    csv: Annotated[str, Meta(min_length=1, max_length=4_000_000)]


class PutOffer(Struct, frozen=True, forbid_unknown_fields=True):
    """Machines that can be had: a capacity block, a reservation, a take-or-pay rental. `hourly` of one machine."""

    name: Name
    type: Word
    region: Word
    hourly: Amount
    most: Annotated[int, Meta(ge=1, le=100_000)]
    what: Word = "Rented machines"
    years: Years = 1
    payment: PaymentName = "NO_UPFRONT"
    platform: Word = "Linux"
    start_ms: Millis = 0
    end_ms: Millis = 0


class PutTerm(Struct, frozen=True, forbid_unknown_fields=True):
    """From when to when a commitment of the bill (its ARN or id) runs."""

    name: Name
    start_ms: Millis | None = None
    end_ms: Millis | None = None


class PurchaseFacts(Struct, frozen=True):
    """What people said."""

    rates: list[PutRate]
    offers: list[PutOffer]
    terms: list[PutTerm]
    reserved: list[ReservedRate] = field(default_factory=list)


class CommitmentRate(Struct, frozen=True):
    """A rate that is known: `basis` own, bill, published or assumed, with its source."""

    kind: str
    years: int
    payment: str
    service: str
    family: str
    share: str
    basis: str
    as_of: str
    source: str
    region: str = "*"


class CommitmentRates(Struct, frozen=True):
    """The rates."""

    rates: list[CommitmentRate]


class FactRemoved(Struct, frozen=True):
    """What was removed."""

    removed: str


class SpotZone(Struct, frozen=True, forbid_unknown_fields=True):
    """A zone and whether machines were to be had: a number a tick, 0 for none."""

    zone: Word
    up: Annotated[list[Annotated[int, Meta(ge=0, le=1_000_000)]], Meta(min_length=1, max_length=100_000)]


class AskSpot(Struct, frozen=True, forbid_unknown_fields=True):
    """A job, and the availability to replay it over: zones of the same length, ticks of `gap_s` seconds."""

    zones: Annotated[list[SpotZone], Meta(min_length=1, max_length=32)]
    gap_s: Annotated[float, Meta(ge=1, le=86_400)]
    work_h: Annotated[float, Meta(gt=0, le=2000)] = 48.0
    deadline_h: Annotated[float, Meta(gt=0, le=4000)] = 60.0
    delay_min: Annotated[float, Meta(ge=0, le=600)] = 10.0
    spot_price: Annotated[float, Meta(gt=0, le=1)] = 0.3
    nodes: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    checkpoint_s: Annotated[float, Meta(gt=0, le=86_400)] = 60.0


class SpotRule(Struct, frozen=True):
    """A rule and what it would have cost on average, as a share of on demand."""

    name: str
    cost: float


class SpotAdvice(Struct, frozen=True):
    """What comes of jobs at every start hour. Costs are shares of on demand; `bound` that of a clairvoyant.

    `rule` is the one that the whole past speaks for now: wait for spot while the slack (hours) is above
    `reserve_h` + `uniform` × the first slack × the time left; back from on demand `margin_h` above it.
    """

    jobs: int
    cost: float
    bound: float
    late: int
    restarts: float
    rule: str
    uniform: float
    reserve_h: float
    margin_h: float
    checkpoint_every_s: float
    share_lost: float
    between_interruptions_h: float
    interruptions: int
    rules: list[SpotRule]
