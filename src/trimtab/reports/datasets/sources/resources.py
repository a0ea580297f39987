"""`resources`: the inventory as it is now: what is paid for or watched, with its owner and tags."""

from trimtab.inventory.resources import Resource, ResourceStore
from trimtab.reports.datasets.field import Field, labels, text, time
from trimtab.reports.datasets.source import MOST_ROWS, Rows, Source, Window

FIELDS: tuple[Field, ...] = (
    text("resource", "Canonical path."), text("resource_id", "Its id."), text("provider", "Provider."),
    text("account", "Account."), text("region", "Region."), text("kind", "What it is."), text("name", "Its name."),
    text("owner", "Team."), text("type", "Type of its kind, such as p5.48xlarge."), text("arn", "ARN."),
    text("origin", "Who told of it."), time("seen", "When it was last told of."), labels("tags", "Tags."),
    labels("attributes", "Facts of it."),
)  # fmt: skip


def resources(store: ResourceStore) -> Source:
    """The source over the inventory."""

    async def read(window: Window) -> Rows:
        found = await store.listed(window.scope, limit=MOST_ROWS + 1)
        return Rows([_row(one) for one in found], max((one.seen_ms for one in found), default=0) or None)

    return Source("resources", "Resources", "a resource", FIELDS, read, whole=True)


def _row(one: Resource) -> tuple[object, ...]:
    ref = one.ref
    place = ref.path, ref.id, ref.provider, ref.account, ref.region, ref.kind
    told = one.name, one.owner, one.type, one.arn, one.origin, one.seen_ms or None, one.tags
    return (*place, *told, {key: value for key, value in one.attributes.items() if value not in (None, "")})
