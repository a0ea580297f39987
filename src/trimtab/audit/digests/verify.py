"""Verification: every link against the one before and its signature, every record against its link."""

from collections.abc import Sequence

from msgspec import Struct, field

from trimtab.audit.digests.chain import GENESIS, HOUR_MS, Digest, DigestChain, Entry, hash_of, root_of
from trimtab.audit.digests.keys import PublicKey, SigningKeys, verified
from trimtab.base.clock import Clock, iso

MOST = 1000
"""Problems that are told; more are only counted."""
_LATE_MS = 2 * HOUR_MS  # a chain that ends earlier than this before now has lost its end, or is not made


class Problem(Struct, frozen=True):
    """What does not hold: `kind` is changed, removed, inserted, digest, chain, signature or late."""

    kind: str
    digest: int
    text: str
    account: str = ""
    event_id: str = ""


class Verdict(Struct):
    """What was verified: whole where `problems` is empty."""

    digests: int = 0
    records: int = 0
    through_ms: int = 0
    last_hash: str = ""
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list)

    def note(self, problem: Problem) -> None:
        """Count a problem, and keep it where there are not too many."""
        self.problem_count += 1
        if len(self.problems) < MOST:
            self.problems.append(problem)


class Verification:
    """Verifies the whole chain, or the part from a time on."""

    def __init__(self, chain: DigestChain, keys: SigningKeys, clock: Clock) -> None:
        self._chain = chain
        self._keys = keys
        self._clock = clock

    async def run(self, since_ms: int = 0, expected_last: str = "") -> Verdict:
        """Verify; records of links that end after `since_ms` are looked at. Raises QueryAborted, Unavailable.

        `expected_last` is the hash of a link that somebody kept: it must be in the chain.
        """
        verdict = Verdict()
        keys = {key.fingerprint: key for key in await self._keys.public()}
        links = await self._chain.all()
        self._links(links, keys, verdict)
        if expected_last and expected_last not in {one.hash for one in links}:
            verdict.note(
                Problem("chain", 0, f"there is no digest with the hash {expected_last}: the chain was made anew")
            )
        for link in links:
            if link.end_ms > since_ms:
                await self._records(link, verdict)
        self._end(links, verdict)
        return verdict

    def _links(self, links: Sequence[Digest], keys: dict[str, PublicKey], verdict: Verdict) -> None:
        previous, number, end_ms = GENESIS, 0, None
        for link in links:
            verdict.digests += 1
            if link.number != number + 1:
                verdict.note(Problem("chain", link.number, f"digests {number + 1} to {link.number - 1} are missing"))
            elif link.previous != previous:
                verdict.note(Problem("chain", link.number, "it does not follow the digest before it"))
            elif end_ms is not None and link.start_ms != end_ms:
                verdict.note(Problem("chain", link.number, "there is a gap before it"))
            if hash_of(link) != link.hash:
                verdict.note(Problem("digest", link.number, "the digest was changed"))
            key = keys.get(link.key)
            if key is None or not verified(key, link.text, link.signature):
                verdict.note(Problem("signature", link.number, "the signature is not that of the digest"))
            previous, number, end_ms = link.hash, link.number, link.end_ms

    async def _records(self, link: Digest, verdict: Verdict) -> None:
        kept = await self._chain.kept_entries(link.number)
        if root_of(kept) != link.root or len(kept) != link.records:
            verdict.note(Problem("digest", link.number, "its list of records was changed"))
        now = await self._chain.entries(link.start_ms, link.end_ms)
        verdict.records += len(now)
        for problem in _compared(link.number, kept, now):
            verdict.note(problem)

    def _end(self, links: Sequence[Digest], verdict: Verdict) -> None:
        if not links:
            return
        verdict.through_ms, verdict.last_hash = links[-1].end_ms, links[-1].hash
        if links[-1].end_ms < self._clock.now_ms() - _LATE_MS:
            text = f"the last digest ends at {iso(links[-1].end_ms)}: later ones are missing, or were not made yet"
            verdict.note(Problem("late", links[-1].number, text))


def _compared(number: int, kept: Sequence[Entry], now: Sequence[Entry]) -> list[Problem]:
    before = {(account, id_): hash_ for account, id_, hash_ in kept}
    after = {(account, id_): hash_ for account, id_, hash_ in now}
    found: list[Problem] = []
    for key in sorted(before.keys() | after.keys()):
        if key not in after:
            found.append(Problem("removed", number, "the record is gone", *key))
        elif key not in before:
            found.append(Problem("inserted", number, "the record was not there when the hour was closed", *key))
        elif before[key] != after[key]:
            found.append(Problem("changed", number, "the record is not what it was", *key))
    return found
