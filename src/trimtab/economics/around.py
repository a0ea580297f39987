"""What happened when a part of the bill rose: changes and deploys in the audit, and runs that began.

What names a resource that cost more comes first, then what was asked of its service, in its account, at its time.
"""

from collections.abc import Sequence
from urllib.parse import quote

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.audit.changes import speaks_of, summary, telling
from trimtab.audit.conditions import AuditQuery
from trimtab.audit.model import MANAGEMENT, AuditEvent
from trimtab.audit.read import AuditReader
from trimtab.costs.anomalies.around import Happening, Place, Sort
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Run
from trimtab.inventory.runs.store import RunStore

DAY_MS = 86_400_000
_BEFORE_MS = 2 * DAY_MS
"""How long before its first day something may have caused an anomaly: roll-outs of Friday are seen on Monday's bill."""
_MOST = 200
_SHOWN = 12
_SHOWN_RUNS = 4
_MACHINES = ("ec2", "sagemaker", "batch")
DEPLOYS = frozenset(
    (
        "UpdateEndpoint",
        "CreateEndpoint",
        "UpdateEndpointWeightsAndCapacities",
        "UpdateInferenceComponent",
        "CreateInferenceComponent",
        "CreateDeployment",
        "StartDeployment",
        "UpdateService",
        "CreateService",
        "UpdateFunctionCode",
        "PublishVersion",
        "UpdateAlias",
        "CreateStack",
        "UpdateStack",
        "ExecuteChangeSet",
        "StartPipelineExecution",
        "UpdateEnvironment",
    )
)
"""Calls that bring a new version into service: of SageMaker, CodeDeploy, ECS, Lambda, CloudFormation, CodePipeline,
AppConfig and Elastic Beanstalk, as their API references name them. Lambda's records have a date behind the name.
"""
_SOURCES = (
    ("elastic compute cloud", ("ec2", "autoscaling")),
    ("ec2", ("ec2", "autoscaling")),
    ("virtual private cloud", ("ec2",)),
    ("data transfer", ("ec2", "elasticloadbalancing")),
    ("simple storage", ("s3",)),
    ("kubernetes", ("eks", "ec2", "autoscaling")),
    ("container service", ("ecs",)),
    ("relational database", ("rds",)),
    ("load balancing", ("elasticloadbalancing",)),
    ("cloudwatch", ("monitoring", "logs")),
    ("key management", ("kms",)),
    ("file system", ("elasticfilesystem",)),
)
"""Words of a service's name on the bill, and whose calls change it. Others are called as their name's last word."""


class Surroundings(Struct, frozen=True):
    """Asks the rooms that know; `Around` of the costs room."""

    audit: AuditReader
    runs: RunStore

    async def __call__(self, scope: Scope, place: Place) -> Sequence[Happening]:
        """What happened, the most telling first. Raises QueryAborted, Unavailable."""
        sources = {name for service in place.services[:3] for name in sources_of(service)}
        found = await self._changes(scope, place, sources)
        runs = await self._runs(scope, place) if sources.intersection(_MACHINES) else []
        return sorted([*found, *runs], key=lambda one: (-one.score, one.at_ms))[:_SHOWN]

    async def _changes(self, scope: Scope, place: Place, sources: set[str]) -> list[Happening]:
        words = telling([name for resource in place.resources for name in names_of(resource)])
        start_ms, end_ms = place.start_ms - _BEFORE_MS, place.start_ms + DAY_MS
        events: dict[tuple[str, str], AuditEvent] = {}
        facets = {"category": (MANAGEMENT,)}
        asked = [AuditQuery(start_ms, end_ms, facets=facets, about=words, changes_only=True)] if words else []
        if sources:
            of = {**facets, "source": [f"{name}.amazonaws.com" for name in sorted(sources)]}
            asked.append(AuditQuery(start_ms, end_ms, facets=of, changes_only=True))
        for query in asked:
            page = await self.audit.page(scope, query, _MOST)
            events |= {(one.account, one.id): one for one in page.events if not one.error_code}
        return [_of_event(one, place, words, sources) for one in events.values()]

    async def _runs(self, scope: Scope, place: Place) -> list[Happening]:
        start_ms, end_ms = place.start_ms - DAY_MS // 2, place.start_ms + DAY_MS
        runs = await self.runs.listed(scope, RunFilter(start_ms=start_ms, end_ms=end_ms), _MOST)
        began = [
            one
            for one in runs
            if one.start_ms is not None and start_ms <= one.start_ms < end_ms and one.key.account in place.accounts[:2]
        ]
        began.sort(key=lambda one: -one.gpus)
        return [_of_run(one, place) for one in began[:_SHOWN_RUNS] if one.gpus]


def sources_of(service: str) -> tuple[str, ...]:
    """Whose calls change a service of the bill: the names before `.amazonaws.com`."""
    small = service.lower()
    known = next((sources for words, sources in _SOURCES if words in small), None)
    if known is not None:
        return known
    last = small.removeprefix("amazon").removeprefix("aws").split()
    return (last[-1],) if last else ()


def names_of(resource: str) -> list[str]:
    """A resource's id, and of an ARN its last part."""
    return [resource, resource.rpartition(":")[2].rpartition("/")[2]] if resource.startswith("arn:") else [resource]


def is_deploy(name: str) -> bool:
    """Whether a call brings a new version into service."""
    return name in DEPLOYS or name.rstrip("0123456789v_").rstrip("0123456789") in DEPLOYS


def _of_event(event: AuditEvent, place: Place, words: Sequence[str], sources: set[str]) -> Happening:
    about = tuple(word for word in words if speaks_of(event, word))
    service = event.source.removesuffix(".amazonaws.com")
    deploy = is_deploy(event.name)
    score = (
        10.0 * bool(about)
        + 3.0 * (service in sources)
        + 2.0 * (event.account in place.accounts[:2])
        + 2.0 * deploy
        - abs(place.start_ms - event.time_ms) / DAY_MS
    )
    return Happening(
        Sort.DEPLOY if deploy else Sort.CHANGE,
        event.time_ms,
        summary(event),
        event.user_name or event.session_name or event.user_type,
        event.account,
        about or ((service,) if service in sources else ()),
        f"/audit/events/{event.id}",
        score,
    )


def _of_run(run: Run, place: Place) -> Happening:
    at_ms = run.start_ms or run.submit_ms
    title = f"{run.name or run.key.job} began on {run.gpus:g} GPUs"
    score = 3.0 + min(run.gpus / 32, 3.0) - abs(place.start_ms - at_ms) / DAY_MS
    about = (run.team,) if run.team else ()
    return Happening(Sort.RUN, at_ms, title, run.user, run.key.account, about, run_page(run), score)


def run_page(run: Run) -> str:
    """The page of a run."""
    return f"/runs/{quote(run.key.cluster, safe='')}/{quote(run.key.job)}"
