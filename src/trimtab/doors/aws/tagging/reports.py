"""Tag reports: everything that has tags, as a CSV file in a bucket, and how the last one went."""

import asyncio
import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trimtab.base.clock import Clock, to_datetime
from trimtab.base.errors import Conflict, TrimtabError
from trimtab.doors.aws.tagging.compliance import Policies, details
from trimtab.inventory.tag_reports import TagReport, TagReportStore
from trimtab.inventory.tagging import Tagged

Put = Callable[[str, str, bytes], None]
"""Writes bytes to a bucket under a key. Blocks; raises InvalidInput, Unavailable."""
_HEAD = ("AccountId", "ResourceArn", "ResourceType", "Region", "Tags", "ComplianceStatus", "NoncompliantKeys")


class TagReports:
    """Makes reports, one at a time for an account and region."""

    def __init__(self, store: TagReportStore, clock: Clock, put: Put) -> None:
        self._store = store
        self._clock = clock
        self._put = put
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}

    def now_ms(self) -> int:
        """The time, of answers that tell when they were made."""
        return self._clock.now_ms()

    async def last(self, account: str, region: str) -> TagReport | None:
        """The last report; one that a stop cut short has failed."""
        found = await self._store.last(account, region)
        if found is not None and found.status == "RUNNING" and (account, region) not in self._running:
            return TagReport("FAILED", found.bucket, "", found.started_ms, "The server was stopped; start it again.")
        return found

    async def start(self, account: str, region: str, bucket: str, found: Sequence[Tagged], policies: Policies) -> None:
        """Begin a report. Raises Conflict where one is being made."""
        key = account, region
        if key in self._running:
            raise Conflict("a report is being created already")
        begun = TagReport("RUNNING", bucket, "", self._clock.now_ms(), "")
        await self._store.put(account, region, begun)
        task = asyncio.create_task(self._make(key, begun, found, policies))
        self._running[key] = task
        task.add_done_callback(lambda _: self._running.pop(key, None))

    async def _make(self, key: tuple[str, str], begun: TagReport, found: Sequence[Tagged], policies: Policies) -> None:
        day = to_datetime(begun.started_ms).date().isoformat()
        name = f"AwsTagPolicies/{key[0]}/{day}/report.csv"
        try:
            await asyncio.to_thread(self._put, begun.bucket, name, _file(key[0], found, policies))
        except TrimtabError as problem:
            done = TagReport("FAILED", begun.bucket, "", begun.started_ms, str(problem))
        else:
            done = TagReport("SUCCEEDED", begun.bucket, f"s3://{begun.bucket}/{name}", begun.started_ms, "")
        await self._store.put(*key, done)


def told(report: TagReport | None) -> Mapping[str, Any]:
    """A report as DescribeReportCreation answers it."""
    if report is None:
        return {"Status": "NO REPORT"}
    more = {"S3Location": report.location, "ErrorMessage": report.problem}
    known = {name: value for name, value in more.items() if value}
    return {"Status": report.status, **known}


def _file(account: str, found: Sequence[Tagged], policies: Policies) -> bytes:
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(_HEAD)
    for one in found:
        kept = details(one, policies)
        keys = kept["NoncompliantKeys"]
        region = one.arn.split(":")[3]
        tags = json.dumps(dict(one.tags), sort_keys=True)
        state = "compliant" if kept["ComplianceStatus"] else "noncompliant"
        wrong = " ".join(map(str, keys)) if isinstance(keys, list) else ""
        rows.writerow([account, one.arn, one.resource_type, region, tags, state, wrong])
    return out.getvalue().encode()
