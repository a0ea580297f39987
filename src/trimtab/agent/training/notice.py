"""How a machine is told that it will be taken away: AWS's metadata, a signal, a file.

AWS         GET /latest/meta-data/spot/instance-action (404 until there is one), with a token of IMDSv2
Kubernetes  SIGTERM, when a pod is preempted or its node drained; SLURM alike
anything    a file that appears
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import httpx
import msgspec
from msgspec import Struct

from trimtab.base import typed

AWS_METADATA = "http://169.254.169.254"
"""The link-local address of the metadata service (EC2 User Guide)."""
_TOKEN_S = 21_600
_TIMEOUT_S = 1.0


class Notice(Struct, frozen=True):
    """What was said: by whom, what will happen, and when (as told; "" where it was not)."""

    source: str
    action: str
    at: str = ""

    def __str__(self) -> str:
        return f"{self.action} told by {self.source}" + (f", at {self.at}" if self.at else "")


class Watch(Protocol):
    """Something that may tell of an interruption."""

    def look(self) -> Notice | None:
        """What it says now; never raises, and does not block for more than a second or two."""
        ...


class AwsMetadata:
    """The metadata service of a spot instance. A machine without one says nothing."""

    def __init__(self, url: str = AWS_METADATA, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(base_url=url, timeout=_TIMEOUT_S, transport=transport, trust_env=False)
        self._token = ""

    def look(self) -> Notice | None:
        """The interruption that is announced, if any."""
        try:
            answer = self._get()
            if answer.status_code == httpx.codes.UNAUTHORIZED:  # the token ran out
                self._token = ""
                answer = self._get()
        except httpx.HTTPError:
            return None
        if answer.status_code != httpx.codes.OK:
            return None
        try:
            told = typed.decode(answer.content, type=dict[str, str])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        return Notice("AWS", told.get("action", "terminate"), told.get("time", ""))

    def _get(self) -> httpx.Response:
        if not self._token:
            seconds = {"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_S)}
            asked = self._client.put("/latest/api/token", headers=seconds)
            self._token = asked.text if asked.status_code == httpx.codes.OK else ""
        headers = {"X-aws-ec2-metadata-token": self._token} if self._token else {}
        return self._client.get("/latest/meta-data/spot/instance-action", headers=headers)

    def close(self) -> None:
        """Close its connection."""
        self._client.close()


class NoticeFile(Struct, frozen=True):
    """A file that appears, as node termination handlers can write one."""

    path: Path

    def look(self) -> Notice | None:
        """A notice as soon as it is there."""
        return Notice(str(self.path), "interruption") if self.path.exists() else None


def first(watches: Sequence[Watch]) -> Notice | None:
    """What any of them says."""
    return next((found for one in watches if (found := one.look()) is not None), None)
