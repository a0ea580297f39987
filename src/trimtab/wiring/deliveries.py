"""What sends to the targets of event rules, with what they need."""

from trimtab.actions.registry import Actuators
from trimtab.base.clock import Clock
from trimtab.cloud import sagemaker
from trimtab.egress.gate import Gate
from trimtab.logs.room import LogsRoom
from trimtab.notify.room import NotifyRoom
from trimtab.settings import Settings
from trimtab.stores import Stores
from trimtab.triggers.delivering import Delivering, Means
from trimtab.triggers.room import TriggersRoom
from trimtab.triggers.sending import log_lines


def delivering_of(
    settings: Settings,
    stores: Stores,
    clock: Clock,
    triggers: TriggersRoom,
    logs: LogsRoom,
    notify: NotifyRoom,
    actuators: Actuators,
) -> Delivering:
    """What sends to the targets of event rules and starts pipelines."""
    means = Means(
        stores.state,
        clock,
        settings.data_dir / "triggers",
        log_lines.writer(logs),
        notify.publishing,
        actuators,
        sagemaker.pipelines,
        sagemaker.PROBLEMS,
        Gate.of(settings, stores.state, clock),
        logs.vended.groups_for,
        settings.retention_events_days,
    )
    return Delivering.of(triggers, means)
