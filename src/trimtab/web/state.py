"""What the pages are given: everything they may ask, and nothing they could write with."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct, field

from trimtab.access.keys import KeyStore
from trimtab.access.room import AccessRoom
from trimtab.accounts.room import AccountsRoom
from trimtab.advice.backtest.room import BacktestRoom
from trimtab.advice.plan.room import PlanRoom
from trimtab.advice.purchases.room import PurchasesRoom
from trimtab.advice.rightsizing.room import RightsizingRoom
from trimtab.advice.room import AdviceRoom
from trimtab.anomalies.log_patterns import LogPatternAnomalies
from trimtab.anomalies.room import AnomalyRoom
from trimtab.asks.room import AsksRoom
from trimtab.audit.room import AuditRoom
from trimtab.base.clock import Clock
from trimtab.batch.room import BatchRoom
from trimtab.bottlenecks.room import BottlenecksRoom
from trimtab.budgets.room import BudgetsRoom
from trimtab.canaries.form import Admit
from trimtab.canaries.room import CanaryRoom
from trimtab.costs.anomalies.room import CostAnomalies
from trimtab.costs.room import CostsRoom
from trimtab.detectors.book import DetectorBook
from trimtab.economics.estimate.live import LiveEstimates
from trimtab.economics.room import EconomicsRoom
from trimtab.economics.tokens.room import TokensRoom
from trimtab.economics.unit.room import UnitCosts
from trimtab.egress.gate import Gate
from trimtab.fleet.health.room import HealthReader
from trimtab.guides.search import Guides
from trimtab.inference.room import InferenceRoom
from trimtab.inventory.sources import SourceLedger
from trimtab.kpis.runs.reader import RunReports
from trimtab.kpis.runs.watch import HangWatch
from trimtab.logs.insights.room import InsightsRoom
from trimtab.logs.room import LogsRoom
from trimtab.logs.serverless.read import ServerlessReader
from trimtab.metrics.cardinality import CardinalityReader
from trimtab.metrics.drop_rules import DropRulesRoom
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry
from trimtab.notify.room import NotifyRoom
from trimtab.progress.room import ProgressRoom
from trimtab.reports.dashboards.room import DashboardRoom
from trimtab.reports.datasets.room import DatasetRoom
from trimtab.reports.investigations.room import InvestigationRoom
from trimtab.reports.written.room import WrittenReports
from trimtab.scaling.engine.viewing import Viewing
from trimtab.scaling.plan.room import PlansRoom
from trimtab.settings import Described
from trimtab.slos.room import SloRoom
from trimtab.web.alarms.desk import AlarmRooms
from trimtab.web.analyses.desk import Analysts
from trimtab.web.connect.model import Connector
from trimtab.web.events.desk import EventRooms


class Evaluation(Protocol):
    """What pages ask of the watch over the evaluation of alarms."""

    @property
    def problem(self) -> str:
        """That alarms are not evaluated, in words; empty while they are."""


class SeriesRooms(Struct, frozen=True):
    """What costs most series, and the rules of what is not kept."""

    reader: CardinalityReader
    rules: DropRulesRoom


class ObjectiveRooms(Struct, frozen=True):
    """The objectives. `account` and `region` are those of a viewer who is bound to none."""

    room: SloRoom
    account: str
    region: str


class CanaryRooms(Struct, frozen=True):
    """The canaries, and whether one may connect to a place. `account` and `region` are those of an unbound viewer."""

    room: CanaryRoom
    admit: Admit
    account: str
    region: str


class WebState(Struct, frozen=True):
    """The pages' dependencies.

    `settings` are `settings.describe()`'s lines. `region` is the one that snippets name. `refresh_s` is the seconds
    between two refreshes of a live page; `grafana_url` where dashboards are in Grafana, if anywhere.
    """

    reader: MetricReader
    registry: SeriesRegistry
    evaluator: Evaluator
    sources: SourceLedger
    keys: KeyStore
    notify: NotifyRoom
    dashboards: DashboardRoom
    anomalies: AnomalyRoom
    settings: Sequence[Described]
    clock: Clock
    version: str
    region: str = "us-east-1"
    access: AccessRoom | None = None
    gate: Gate | None = None
    evaluation: Evaluation | None = None
    series: SeriesRooms | None = None
    detectors: DetectorBook | None = None
    grafana_url: str = ""
    refresh_s: int = 5
    economics: EconomicsRoom | None = None
    budgets: BudgetsRoom | None = None
    purchases: PurchasesRoom | None = None
    advice_plan: PlanRoom | None = None
    advice_backtest: BacktestRoom | None = None
    plans: PlansRoom | None = None
    analyses: Analysts | None = None
    datasets: DatasetRoom | None = None
    scaling: Viewing | None = None
    rightsizing: RightsizingRoom | None = None
    cost_anomalies: CostAnomalies | None = None
    advice: AdviceRoom | None = None
    asks: AsksRoom | None = None
    accounts: AccountsRoom | None = None
    live: LiveEstimates | None = None
    units: UnitCosts | None = None
    tokens: TokensRoom | None = None
    costs: CostsRoom | None = None
    runs: RunReports | None = None
    progress: ProgressRoom | None = None
    hangs: HangWatch | None = None
    gpu_health: HealthReader | None = None
    written_reports: WrittenReports | None = None
    alarms: AlarmRooms | None = None
    objectives: ObjectiveRooms | None = None
    guides: Guides = field(default_factory=Guides)
    canaries: CanaryRooms | None = None
    events: EventRooms | None = None
    logs: LogsRoom | None = None
    audit: AuditRoom | None = None
    bottlenecks: BottlenecksRoom | None = None
    log_insights: InsightsRoom | None = None
    serverless: ServerlessReader | None = None
    log_anomalies: LogPatternAnomalies | None = None
    batch: BatchRoom | None = None
    inference: InferenceRoom | None = None
    investigations: InvestigationRoom | None = None
    connector: Connector | None = None
