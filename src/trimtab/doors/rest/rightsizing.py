"""`/rest/v1/rightsizing`: sizes that are recommended, with the replay behind each."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.access.scope import EVERYTHING
from trimtab.advice.rightsizing.model import Finding, Kind
from trimtab.advice.rightsizing.room import RightsizingRoom
from trimtab.advice.rightsizing.settings import Sizing
from trimtab.advice.rightsizing.store import Wanted
from trimtab.base.errors import InvalidInput
from trimtab.client import rightsizing_wire as wire
from trimtab.doors.rest.rightsizing_answers import recommendation_answer
from trimtab.doors.rest.spec import Call, NoQuery, Operation

_PATH = "/rest/v1/rightsizing"
_TAG = "rightsizing"
Word = Annotated[str, Meta(max_length=256)]
STRATEGIES = ("portfolio", "documented", "p95", "vpa", "max")


class Which(Struct, frozen=True, forbid_unknown_fields=True):
    """Filters; what is left out asks for nothing."""

    kind: Word = ""
    finding: Word = ""
    owner: Word = ""
    text: Word = ""
    idle: bool | None = None
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 200


class How(Struct, frozen=True, forbid_unknown_fields=True):
    """By which strategy; that of the preferences where none is named."""

    strategy: Word = ""


def operations(room: RightsizingRoom) -> list[Operation]:
    """The operations on recommendations."""

    async def listed(call: Call[Which, None]) -> wire.RecommendationList:
        query = call.query
        kind = kind_of(query.kind).value if query.kind else ""
        if query.finding and query.finding not in set(Finding):
            raise InvalidInput(f"no finding is called {query.finding!r}; expected one of {', '.join(Finding)}")
        wanted = Wanted(kind, query.finding, query.owner, text=query.text, idle=query.idle)
        found = await room.store.listed(call.principal.scope, wanted, query.limit + 1)
        counts = await room.store.counts(call.principal.scope)
        worth = await room.worth(call.principal.scope)
        told = [recommendation_answer(one, worth) for one in found[: query.limit]]
        return wire.RecommendationList(
            told, {f"{of}/{finding}": number for (of, finding), number in counts.items()}, len(found) > query.limit
        )

    async def get(call: Call[How, None]) -> wire.Recommendation:
        sizing = None
        if call.query.strategy:
            if call.query.strategy not in STRATEGIES:
                raise InvalidInput(f"no strategy is called {call.query.strategy!r}; expected {', '.join(STRATEGIES)}")
            sizing = Sizing(strategy=call.query.strategy)
        kept = (await room.detailed(call.principal.scope, call.path["id"], sizing)).kept
        return recommendation_answer(kept, await room.worth(call.principal.scope))

    async def recompute(call: Call[NoQuery, wire.Recompute]) -> wire.Recomputed:
        began = room.clock.monotonic()
        kinds = [kind_of(call.body.kind)] if call.body.kind else list(Kind)
        await room.recompute(room.clock.now_ms(), kinds)
        took = round((room.clock.monotonic() - began) * 1000)
        counts = await room.store.counts(EVERYTHING)
        return wire.Recomputed(sum(n for (kind, _), n in counts.items() if kind in set(kinds)), took)

    async def left_out(call: Call[NoQuery, None]) -> wire.NotSizedList:
        found = await room.left_out(call.principal.scope)
        return wire.NotSizedList([wire.NotSized(*each) for each in found])

    one: Any = {"path_parameters": {"id": "The id of the recommendation."}, "errors": (404,), "tag": _TAG}
    return [
        Operation(
            "GET",
            _PATH,
            "list recommendations",
            "Sizes that are recommended, the most worth first.",
            listed,
            wire.RecommendationList,
            Which,
            tag=_TAG,
            bound=True,
        ),
        Operation(
            "GET",
            "/rest/v1/rightsizing-left-out",
            "list what is not sized",
            "Every resource of the inventory that is not judged, with the reason.",
            left_out,
            wire.NotSizedList,
            tag=_TAG,
            bound=True,
        ),
        Operation(
            "POST",
            f"{_PATH}/recompute",
            "recompute recommendations",
            "Judge everything, or one kind, anew; it is kept and published as advice.",
            recompute,
            wire.Recomputed,
            body=wire.Recompute,
            role=Role.WRITE,
            tag=_TAG,
        ),
        Operation(
            "GET",
            f"{_PATH}/{{id}}",
            "get recommendation",
            "One, judged now, with its replays by day.",
            get,
            wire.Recommendation,
            How,
            **one,
            bound=True,
        ),
    ]


def kind_of(word: str) -> Kind:
    """A kind by its word. Raises InvalidInput."""
    try:
        return Kind(word)
    except ValueError:
        raise InvalidInput(f"nothing of the kind {word!r} is sized; expected one of {', '.join(Kind)}") from None
