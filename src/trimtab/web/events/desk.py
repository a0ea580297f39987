"""What the pages of event rules and pipelines are given, and where a viewer's rules are."""

from collections.abc import Callable
from dataclasses import dataclass

from trimtab.actions.registry import Actuators
from trimtab.base.errors import NotFound
from trimtab.triggers.arns import Place
from trimtab.triggers.model import Rule
from trimtab.triggers.room import TriggersRoom
from trimtab.web.view import View


@dataclass(frozen=True, slots=True)
class EventRooms:
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
