"""`trimtab logs`: log groups from the command line."""

import click

from trimtab.cli.log_anomalies import anomalies
from trimtab.cli.log_contributors import contributors
from trimtab.cli.log_doors import exports, lookups, protect, subscriptions
from trimtab.cli.log_events import get, groups, put, tail
from trimtab.cli.log_follow import follow
from trimtab.cli.log_patterns import patterns
from trimtab.cli.log_query import query
from trimtab.cli.log_schedules import schedules


@click.group("logs")
def logs() -> None:
    """Logs: groups and their events, and Logs Insights queries over them."""


for command in (groups, put, follow, get, tail, patterns, query, anomalies):
    logs.add_command(command)
for room in (subscriptions, protect, schedules, exports, lookups, contributors):
    logs.add_command(room)
