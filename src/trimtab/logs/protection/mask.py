"""Masks what comes in as the policies of its group say, before anything keeps it or looks at it.

A message goes on masked, one star for each character, and carries its original, which only who may unmask is shown.
So every reader is safe without knowing of policies, and no pattern can feel its way to what is masked. Values of
attributes are masked for good: of them no original is kept.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.records import replace
from trimtab.logs.model import Finding, LogBatch, LogEvent
from trimtab.logs.protection.policies import DataPolicies, Documents
from trimtab.logs.protection.policy import Policy, read_policy

REFRESH_MS = 5_000
"""How long a policy that another process put may stay unknown."""
Span = tuple[int, int]


class _Ready(Struct, frozen=True):
    groups: Mapping[int, Policy]
    accounts: Mapping[tuple[str, str], Sequence[Policy]]

    def of(self, batch: LogBatch) -> list[Policy]:
        group = batch.group
        found = [*self.accounts.get((group.account, group.region), ())]
        own = self.groups.get(group.id)
        return [*found, own] if own is not None else found


class Masking:
    """What the ingest asks before it writes. Raises what the state database raises: unmasked nothing is kept."""

    def __init__(self, policies: DataPolicies, clock: Clock) -> None:
        self._policies = policies
        self._clock = clock
        self._ready = _Ready({}, {})
        self._known = (-1, 0)  # (changes, when) of `_ready`

    async def __call__(self, batches: Sequence[LogBatch]) -> Sequence[LogBatch]:
        """The batches as they may be kept; those of groups without a policy as they are."""
        ready = await self._policies_now()
        if not ready.groups and not ready.accounts:
            return batches
        return [
            replace(batch, events=[protect(event, policies) for event in batch.events]) if policies else batch
            for batch, policies in ((batch, ready.of(batch)) for batch in batches)
        ]

    async def _policies_now(self) -> _Ready:
        now = self._clock.now_ms()
        changes, (known, at) = self._policies.changes, self._known
        if known != changes or not 0 <= now - at < REFRESH_MS:
            self._ready, self._known = _read(await self._policies.every()), (changes, now)
        return self._ready


def protect(event: LogEvent, policies: Sequence[Policy]) -> LogEvent:
    """The event as `policies` let it be kept, with its findings."""
    findings: list[Finding] = []
    masked: list[Span] = []
    for policy in policies:
        for finder in policy.finders:
            if found := finder.spans(event.message):
                findings.append(Finding(finder.name, tuple(found), policy.name, policy.findings_group))
                masked += found if policy.masks else ()
    attributes = {name: _without(value, policies) for name, value in event.attributes.items()}
    made = replace(event, attributes=attributes, findings=tuple(findings))
    return replace(made, message=starred(event.message, masked), original=event.message) if masked else made


def starred(text: str, spans: Sequence[Span]) -> str:
    """The text with a star for every character of the spans."""
    parts, at = [], 0
    for start, end in sorted(spans):
        if end > at:
            parts += [text[at : max(start, at)], "*" * (end - max(start, at))]
            at = end
    return "".join([*parts, text[at:]])


def _without(text: str, policies: Sequence[Policy]) -> str:
    spans = [span for policy in policies if policy.masks for finder in policy.finders for span in finder.spans(text)]
    return starred(text, spans) if spans else text


def _read(documents: Documents) -> _Ready:
    groups = {group: read_policy(document) for group, document in documents.groups.items()}
    accounts = {place: [read_policy(document) for document in found] for place, found in documents.accounts.items()}
    return _Ready(groups, accounts)
