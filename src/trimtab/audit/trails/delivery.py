"""Delivery: what trails keep, as CloudTrail's files under CloudTrail's keys.

A file has what was taken in one minute, so that a delivery that a crash cut short writes the same file again.
"""

import asyncio
import gzip
import hashlib
import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from trimtab.access.scope import Scope
from trimtab.audit.digests.chain import DigestChain
from trimtab.audit.model import INSIGHT, AuditEvent
from trimtab.audit.read import AuditReader
from trimtab.audit.selectors.condition import Bound, of_advanced, of_basic, of_insights
from trimtab.audit.selectors.model import ALL_MANAGEMENT
from trimtab.audit.trails.bucket import Buckets
from trimtab.audit.trails.model import Trail
from trimtab.audit.trails.store import TrailStore
from trimtab.base.clock import Clock
from trimtab.base.errors import TrimtabError

logger = logging.getLogger(__name__)

MINUTE_MS = 60_000
MOST = 10_000
"""Records of a file."""
_LAG_MS = 10_000  # what is taken reaches the engine within a second; a file is not written while more may come
_MINUTES = 120  # of one trail at a turn: the others are not kept waiting
_GLOBAL = (
    "event_source IN ('iam.amazonaws.com', 'sts.amazonaws.com', 'cloudfront.amazonaws.com', 'route53.amazonaws.com')"
)


def kept_by(trail: Trail, bound: Bound) -> str:
    """The condition of what a trail keeps: its selectors, its insight selectors, its regions."""
    basic, advanced = trail.body.get("EventSelectors"), trail.body.get("AdvancedEventSelectors")
    wanted = of_advanced(advanced, bound) if advanced else of_basic(basic or ALL_MANAGEMENT, bound)
    if trail.body.get("InsightSelectors"):
        wanted = f"({wanted} OR {of_insights(trail.body['InsightSelectors'], bound)})"
    if trail.body.get("IsMultiRegionTrail"):
        return wanted
    here = f"has({bound.bind([trail.region])}, region)"
    if trail.body.get("IncludeGlobalServiceEvents", True):
        here = f"({here} OR {_GLOBAL})"
    return f"({wanted} AND {here})"


class Delivery:
    """Writes the files of every trail that logs."""

    def __init__(
        self, trails: TrailStore, reader: AuditReader, chain: DigestChain, buckets: Buckets, clock: Clock
    ) -> None:
        self._trails = trails
        self._chain = chain
        self._reader = reader
        self._buckets = buckets
        self._clock = clock

    async def deliver(self) -> int:
        """Deliver what has come since the last turn; how many files were written. Raises Unavailable."""
        files = 0
        for trail in await self._trails.logging():
            try:
                files += await self._of(trail)
                files += await self._digests(trail)
            except TrimtabError as problem:  # another trail's bucket may be well
                logger.warning("cannot deliver trail %s: %s", trail.arn, problem)
                await self._trails.advance(trail, trail.position, delivered=False, problem=str(problem))
        return files

    async def _of(self, trail: Trail) -> int:
        before_ms = (self._clock.now_ms() - _LAG_MS) // MINUTE_MS * MINUTE_MS
        position, files = trail.position, 0
        for _ in range(_MINUTES):
            events = await self.next_of(trail, position, before_ms)
            if not events:
                break
            position = (events[-1].ingested_ms, events[-1].id)
            for bucket, key, body in files_of(trail, events):
                await asyncio.to_thread(self._buckets.put, bucket, key, body)
                files += 1
            await self._trails.advance(trail, position, delivered=True)
        return files

    async def _digests(self, trail: Trail) -> int:
        """The digests of closed hours, for trails that asked for validation: the chain, kept elsewhere."""
        if not trail.body.get("EnableLogFileValidation"):
            return 0
        links = [one for one in await self._chain.all(trail.digest_number) if one.end_ms > trail.created_ms]
        for link in links:
            when = datetime.fromtimestamp(link.end_ms / 1000, UTC)
            root = key_root(trail, trail.account, "CloudTrail-Digest", trail.region, link.end_ms)
            key = f"{root}{trail.name}_{trail.region}_{when:%Y%m%dT%H%M%SZ}.json.gz"
            body = gzip.compress(json.dumps(link.document()).encode(), mtime=0)
            await asyncio.to_thread(self._buckets.put, trail.body["S3BucketName"], key, body)
            await self._trails.digested(trail, link.number)
        return len(links)

    async def next_of(self, trail: Trail, after: tuple[int, str], before_ms: int) -> list[AuditEvent]:
        """The next records that a trail keeps: those of one minute, at most MOST."""
        bound = Bound("k")
        condition = kept_by(trail, bound)
        accounts = None if trail.body.get("IsOrganizationTrail") else frozenset((trail.account,))
        taken = self._reader.taken
        first = await taken(after, before_ms, 1, Scope(accounts), condition, bound.values)
        if not first:
            return []
        end_ms = min((first[0].ingested_ms // MINUTE_MS + 1) * MINUTE_MS, before_ms)
        return await taken(after, end_ms, MOST, Scope(accounts), condition, bound.values)


def files_of(trail: Trail, events: Sequence[AuditEvent]) -> list[tuple[str, str, bytes]]:
    """Bucket, key and content of each file: one an account, region and kind."""
    parts: dict[tuple[str, str, str], list[AuditEvent]] = {}
    for event in events:
        kind = "CloudTrail-Insight" if event.category == INSIGHT else "CloudTrail"
        parts.setdefault((event.account, event.region, kind), []).append(event)
    return [
        (trail.body["S3BucketName"], _key(trail, *place, part), _content(part)) for place, part in sorted(parts.items())
    ]


def key_root(trail: Trail, account: str, kind: str, region: str, at_ms: int) -> str:
    """The folder of a file of `kind`, and the beginning of its name."""
    when = datetime.fromtimestamp(at_ms / 1000, UTC)
    prefix = f"{trail.body['S3KeyPrefix']}/" if trail.body.get("S3KeyPrefix") else ""
    folder = f"{prefix}AWSLogs/{account}/{kind}/{region}/{when:%Y/%m/%d}"
    return f"{folder}/{account}_{kind}_{region}_"


def _key(trail: Trail, account: str, region: str, kind: str, events: Sequence[AuditEvent]) -> str:
    taken_ms = events[0].ingested_ms
    unique = hashlib.sha256("\n".join([trail.arn, *(event.id for event in events)]).encode()).hexdigest()[:16]
    when = datetime.fromtimestamp(taken_ms / 1000, UTC)
    return f"{key_root(trail, account, kind, region, taken_ms)}{when:%Y%m%dT%H%MZ}_{unique}.json.gz"


def _content(events: Sequence[AuditEvent]) -> bytes:
    document = {"Records": [event.record for event in events]}
    return gzip.compress(
        json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace"), mtime=0
    )
