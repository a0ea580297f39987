"""`Resource`: what is stored of QuickSight's, of any kind, and its ARN. The document is kept as it was given."""

import hashlib
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from trimtab.base.partitions import partition_of

DATA_SOURCE, DATA_SET, INGESTION = "datasource", "dataset", "ingestion"
REFRESH_SCHEDULE = "refresh-schedule"
ANALYSIS, DASHBOARD, VERSION, SNAPSHOT = "analysis", "dashboard", "version", "snapshot-job"
USER, GROUP, MEMBER = "user", "group", "member"
WITHIN: Mapping[str, str] = {INGESTION: DATA_SET, REFRESH_SCHEDULE: DATA_SET, VERSION: DASHBOARD, SNAPSHOT: DASHBOARD}
"""Kinds that belong to a resource of another kind: they are told of in its ARN, and go when it goes."""

RUNNING, COMPLETED, CANCELLED, INGESTION_FAILED = "RUNNING", "COMPLETED", "CANCELLED", "FAILED"
MADE, FAILED = "CREATION_SUCCESSFUL", "CREATION_FAILED"
UPDATED, UPDATE_FAILED = "UPDATE_SUCCESSFUL", "UPDATE_FAILED"
_LONGEST = 90
"""Characters of an id that stay readable in the name of what it became here."""


class Place(Struct, frozen=True):
    """Whose resources, and where."""

    account: str
    region: str


class Resource(Struct, frozen=True):
    """A stored resource. `form` is the document as it was given, `state` what became of it; times in UTC ms.

    `parent` is the id of what it belongs to: a version's dashboard, an ingestion's data set, a user's namespace.
    """

    place: Place
    kind: str
    name: str
    title: str = ""
    parent: str = ""
    status: str = MADE
    form: Mapping[str, Any] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)
    created_ms: int = 0
    updated_ms: int = 0

    @property
    def arn(self) -> str:
        """The ARN."""
        return arn_of(self.place, self.kind, self.name, self.parent)


def arn_of(place: Place, kind: str, name: str, parent: str = "") -> str:
    """The ARN of a resource: `…:dashboard/ID/version/2`, `…:user/default/NAME`."""
    path = f"{kind}/{name}"
    if kind in WITHIN:
        path = f"{WITHIN[kind]}/{parent}/{kind}/{name}"
    elif parent:
        path = f"{kind}/{parent}/{name}"
    return f"arn:{partition_of(place.region)}:quicksight:{place.region}:{place.account}:{path}"


def name_in(arn: str, place: Place, kind: str) -> str | None:
    """The id in an ARN of a resource of a place; None for any other ARN."""
    start = arn_of(place, kind, "")
    return arn[len(start) :] if arn.startswith(start) else None


def own_name(kind: str, id_: str) -> str:
    """How a data set, analysis or dashboard is called among datasets and analyses here."""
    short = id_ if len(id_) <= _LONGEST else f"{id_[: _LONGEST - 17]}-{hashlib.sha256(id_.encode()).hexdigest()[:16]}"
    return f"quicksight-{short}" if kind == DATA_SET else f"quicksight-{kind}-{short}"


class Problem(Struct, frozen=True):
    """Why a part of a definition could not be mapped: QuickSight's type of error, and a sentence.

    `fatal`: AWS would not make the resource either. `path` is the part: `Sheets/0/Visuals/1`.
    """

    type: str
    message: str
    path: str = ""
    fatal: bool = True

    def document(self) -> dict[str, Any]:
        """As QuickSight lists errors."""
        entities = {"ViolatedEntities": [{"Path": self.path}]} if self.path else {}
        return {"Type": self.type, "Message": self.message, **entities}
