"""The audit room, put together."""

from dataclasses import dataclass
from pathlib import Path

from trimtab.audit.findings.find import Findings
from trimtab.audit.imports import AuditImports, TrailReader
from trimtab.audit.ingest import AuditIngest
from trimtab.audit.insights.find import InsightFinder
from trimtab.audit.read import AuditReader
from trimtab.base.clock import Clock
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.log import IngestLog


@dataclass(frozen=True, slots=True)
class AuditRoom:
    """The writer and the reader of audit events, and what brings them in."""

    ingest: AuditIngest
    reader: AuditReader
    files: TrailReader
    imports: AuditImports
    insights: InsightFinder
    findings: Findings
    clock: Clock
    account: str
    region: str

    @classmethod
    def of(
        cls,
        telemetry: Telemetry,
        state: State,
        log: IngestLog,
        clock: Clock,
        directory: Path,
        account: str,
        region: str,
    ) -> "AuditRoom":
        """The room over open stores; `log` is that of audit events, `directory` the room's own."""
        ingest = AuditIngest(log, telemetry, clock)
        files = TrailReader(ingest, account, region)
        imports = AuditImports(state, files, clock, directory / "copies")
        insights = InsightFinder(telemetry, state, ingest, clock)
        imports.heard.append(insights.look_at)
        findings = Findings(telemetry)
        return cls(ingest, AuditReader(telemetry, log), files, imports, insights, findings, clock, account, region)
