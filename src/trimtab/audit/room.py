"""The audit room, put together."""

from pathlib import Path

from msgspec import Struct

from trimtab.audit.changes import Changes
from trimtab.audit.digests.chain import DigestChain
from trimtab.audit.digests.keys import SigningKeys
from trimtab.audit.digests.verify import Verification
from trimtab.audit.feed import Announcer
from trimtab.audit.findings.find import Findings
from trimtab.audit.imports import AuditImports, TrailReader
from trimtab.audit.ingest import AuditIngest
from trimtab.audit.insights.find import InsightFinder
from trimtab.audit.lake.queries import LakeQueries
from trimtab.audit.lake.stores import EventDataStores
from trimtab.audit.read import AuditReader
from trimtab.audit.tags import AuditTags
from trimtab.audit.trails.bucket import buckets_of
from trimtab.audit.trails.delivery import Delivery
from trimtab.audit.trails.store import TrailStore
from trimtab.audit.watch import WatchedPlaces, places_of
from trimtab.base.clock import Clock
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.log import IngestLog


class AuditRoom(Struct, frozen=True):
    """The writer and the reader of audit events, and what brings them in."""

    ingest: AuditIngest
    reader: AuditReader
    files: TrailReader
    imports: AuditImports
    insights: InsightFinder
    findings: Findings
    tags: AuditTags
    trails: TrailStore
    delivery: Delivery
    stores: EventDataStores
    lake: LakeQueries
    keys: SigningKeys
    chain: DigestChain
    verification: Verification
    changes: Changes
    announcer: Announcer
    watched: WatchedPlaces
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
        delivery: str = "",
        watch: str = "",
        *,
        alone: bool = False,
    ) -> "AuditRoom":
        """The room over open stores; `log` is that of audit events, `directory` the room's own.

        `delivery` is where trails deliver: s3, or a folder; by default one of `directory`. `watch` are the places, with
        commas between them, whose new files are read. `alone` is whether no other process writes events.
        """
        ingest, reader = AuditIngest(log, telemetry, clock), AuditReader(telemetry, log)
        files = TrailReader(ingest, account, region)
        imports = AuditImports(state, files, clock, directory / "copies")
        insights = InsightFinder(telemetry, state, ingest, clock)
        watched = WatchedPlaces(places_of(watch), state, files, clock, directory / "copies")
        imports.heard.append(insights.look_at)
        watched.heard.append(insights.look_at)
        tags = AuditTags(state)
        trails, stores = TrailStore(state, clock, tags), EventDataStores(state, clock, tags)
        keys = SigningKeys(state, clock)
        chain = DigestChain(telemetry, state, ingest, keys, clock)
        return cls(
            ingest=ingest,
            reader=reader,
            files=files,
            imports=imports,
            insights=insights,
            findings=Findings(telemetry),
            tags=tags,
            trails=trails,
            delivery=Delivery(trails, reader, chain, buckets_of(delivery, directory), clock),
            stores=stores,
            lake=LakeQueries(telemetry, stores, reader, clock),
            keys=keys,
            chain=chain,
            verification=Verification(chain, keys, clock),
            changes=Changes(reader),
            announcer=Announcer(state, reader, clock, lambda: log.newest if alone else None),
            watched=watched,
            clock=clock,
            account=account,
            region=region,
        )
