"""What the pages of event rules and pipelines are given, and where a viewer's rules are."""

from collections.abc import Callable

from msgspec import Struct

from trimtab.actions.registry import Actuators
from trimtab.base.errors import NotFound
from trimtab.triggers.arns import Place
from trimtab.triggers.model import Rule
from trimtab.triggers.room import TriggersRoom
from trimtab.web.view import View

_KINDS = {
    "log-group": "log group",
    "event-bus": "event bus",
    "api-destination": "API destination",
    "pipeline": "pipeline",
    "command": "command",
    "action": "action",
}


def named(arn: str) -> str:
    """A target in words: what it is and its name; what has no such words as it is."""
    parts = arn.split(":", 5)
    if len(parts) != 6:
        return arn
    kind, _, name = parts[5].replace(":", "/", 1).partition("/") if parts[2] == "logs" else parts[5].partition("/")
    if parts[2] == "sns":
        return f"topic {parts[5]}"
    if kind not in _KINDS:
        return arn
    whose = "SageMaker " if parts[2] == "sagemaker" else ""
    return f"{whose}{_KINDS[kind]} {name.split('/')[0] if kind == 'api-destination' else name}"


class EventRooms(Struct, frozen=True):
    """The room, whether a target of an ARN can be reached, and the registry in which starting a pipeline is one."""

    room: TriggersRoom
    reaches: Callable[[str], bool]
    actuators: Actuators

    def place(self, view: View) -> Place:
        """Where a viewer's rules are: its account, else the server's own."""
        return Place(view.principal.account or self.room.home.account, self.room.home.region)

    async def rule(self, view: View, arn: str) -> Rule:
        """A rule that the viewer may see. Raises NotFound."""
        for rule in await self.room.rules.everywhere(view.principal.account):
            if rule.arn == arn:
                return rule
        raise NotFound(f"there is no event rule {arn[:200]}")
