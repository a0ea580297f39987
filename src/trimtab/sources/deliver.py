"""Writes remote-write requests to trimtab, each under a key made of its own bytes: sent again, it counts once.

The key needs no memory: a pull that starts anew makes the same bytes of the same history. Beyond the server's memory of
keys, samples count once for each series and time all the same.
"""

import hashlib
import logging
from collections.abc import Callable

import httpx

from trimtab.agent.scrape import remote_write
from trimtab.agent.sender import Fate, Outcome, judge
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.sources.http import describe

_log = logging.getLogger(__name__)
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
GIVE_UP_S = 600.0
"""A restart or an upgrade of the server takes less; what was written stays, and the pull can be started again."""


class Deliver:
    """Posts to one trimtab server, in order, and waits while it is away or full."""

    def __init__(self, client: httpx.Client, clock: Clock, wait: Callable[[float], object], name: str) -> None:
        """`client` has the server's root as its base; `name` stands before every key."""
        self._client = client
        self._clock = clock
        self._wait = wait
        self._name = name
        self.bytes = 0
        self.refused = ""

    def write(self, request: bytes) -> None:
        """Write one request, durably. Raises InvalidInput where it is refused for good, Unavailable after ten minutes.

        A request of which some samples are refused has the others stored: `refused` keeps the last reason.
        """
        key = f"{self._name}/{hashlib.blake2b(request, digest_size=16).hexdigest()}"
        body = remote_write.snappy_block(request)
        started, pause = self._clock.monotonic(), FIRST_WAIT_S
        while True:
            outcome = self._post(key, body)
            if outcome.fate is Fate.DELIVERED:
                self.bytes += len(body)
                return
            if outcome.fate is Fate.REFUSED:
                self._refused(outcome.reason)
                return
            if self._clock.monotonic() - started > GIVE_UP_S:
                raise Unavailable(f"cannot write to trimtab: {outcome.reason}; start it again to go on from here")
            _log.warning("cannot write to trimtab: %s; trying again", outcome.reason)
            self._wait(max(pause, outcome.retry_after_s or 0.0))
            pause = min(2 * pause, LONGEST_WAIT_S)

    def _post(self, key: str, body: bytes) -> Outcome:
        headers = {**remote_write.HEADERS, "Idempotency-Key": key}
        try:
            answer = self._client.post(remote_write.PATH, content=body, headers=headers)
        except httpx.HTTPError as problem:
            return Outcome(Fate.AGAIN, f"cannot reach {self._client.base_url}: {describe(problem)}")
        if answer.status_code in (401, 403, 404):
            raise InvalidInput(
                f"cannot write to trimtab at {self._client.base_url}: HTTP {answer.status_code} "
                f"{answer.text.strip()[:200]}; try --token with a token made by `trimtab keys create`"
            )
        return judge(answer.status_code, answer.headers.get("Retry-After"), answer.content[:1000], self._clock.now_ms())

    def _refused(self, reason: str) -> None:
        if "the others are stored" not in reason:
            raise InvalidInput(f"cannot write to trimtab: it refuses the request: {reason}")
        if reason != self.refused:
            _log.warning("trimtab refuses some samples: %s", reason)
        self.refused = reason
