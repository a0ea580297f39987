"""Support, Trusted Advisor and Cost Optimization Hub as the gateway serves them, bound to the room of advice."""

from trimtab.advice.room import AdviceRoom
from trimtab.doors.aws.advice import cost_hub, support, trustedadvisor
from trimtab.doors.aws.advice.rooms import AdviceRooms
from trimtab.doors.aws.service import Service


def build(room: AdviceRoom) -> tuple[Service, ...]:
    """The three services over the room."""
    rooms = AdviceRooms(room)
    return tuple(one.operations.bind(rooms) for one in (support, trustedadvisor, cost_hub))
