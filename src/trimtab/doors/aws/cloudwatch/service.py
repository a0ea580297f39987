"""CloudWatch as the gateway serves it: every operation, bound to the rooms."""

from trimtab.doors.aws.cloudwatch import (
    alarm_mute_rules,
    alarms,
    anomaly_detectors,
    dashboards,
    get_data,
    get_statistics,
    insight_rules,
    list_metrics,
    metric_streams,
    put,
    tags,
)
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms, operations
from trimtab.doors.aws.service import Service

OPERATION_FILES = (
    put,
    get_data,
    get_statistics,
    list_metrics,
    tags,
    dashboards,
    alarms,
    alarm_mute_rules,
    anomaly_detectors,
    insight_rules,
    metric_streams,
)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(rooms: CloudWatchRooms) -> Service:
    """The service over `rooms`."""
    return operations.bind(rooms)
