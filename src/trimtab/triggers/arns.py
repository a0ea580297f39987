"""Names of what EventBridge has, and of trimtab's own targets, as ARNs."""

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.partitions import partition_of

DEFAULT_BUS = "default"


class Place(Struct, frozen=True):
    """An account and a region."""

    account: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource here."""
        return f"arn:{partition_of(self.region)}:{service}:{self.region}:{self.account}:{resource}"

    def bus(self, name: str) -> str:
        """The ARN of an event bus; `name` may be an ARN already."""
        return name if name.startswith("arn:") else self.arn("events", f"event-bus/{name or DEFAULT_BUS}")

    def rule(self, bus: str, name: str) -> str:
        """The ARN of a rule of the bus with that ARN."""
        within = name_of(bus)
        return self.arn("events", f"rule/{name}" if within == DEFAULT_BUS else f"rule/{within}/{name}")


class Arn(Struct, frozen=True):
    """An ARN taken apart; `resource` is all that follows the account."""

    service: str
    region: str
    account: str
    resource: str

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.account, self.region)


def parse(arn: str) -> Arn:
    """The parts of an ARN. Raises InvalidInput."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not parts[5]:
        raise InvalidInput(f"cannot read ARN {arn[:200]!r}: expected arn:aws:<service>:<region>:<account>:<resource>")
    return Arn(parts[2], parts[3], parts[4], parts[5])


def name_of(arn: str) -> str:
    """The name at the end of a bus's, a rule's or an archive's ARN."""
    return arn.rpartition("/")[2]
