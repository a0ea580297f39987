"""`trimtab logs patterns`: which kinds of lines there are, from the command line."""

import click

from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.client.log_patterns import log_patterns

_TIMES = "now, -3h, ISO 8601 or epoch milliseconds."


@click.command("patterns")
@click.argument("group", required=False, default="")
@click.option("--filter", "pattern", default="", help="A filter pattern: only events that match it.")
@click.option("--start", default="-1h", show_default=True, help=_TIMES)
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@click.option("--new", is_flag=True, help="Only patterns that the period before did not have.")
@json_option
@server_options
def patterns(connection: Connection, group: str, pattern: str, start: str, end: str, new: bool, as_json: bool) -> None:
    """Show patterns of GROUP, or of all groups, against the same time before. New ones come first."""
    with connection.client() as client:
        answer = log_patterns(client, group=group, pattern=pattern, start=start, end=end)
    found = [one for one in answer.patterns if not new or one.change == "new"]
    if as_json:
        print_json(found)
        return
    rows = [(one.change or "as before", one.severity, str(one.events), str(one.before), one.pattern) for one in found]
    print_table(("change", "level", "events", "before", "pattern"), rows)
    if answer.one_in > 1:
        remark(f"estimated from one line in {answer.one_in}")
