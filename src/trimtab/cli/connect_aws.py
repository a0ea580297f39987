"""`trimtab connect aws`: read an AWS account: what there is, what it did, and what spot costs. It is never changed."""

import threading
from collections import Counter
from collections.abc import Iterator

import click
import msgspec

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.client import accounts_wire as wire
from trimtab.client.accounts import Accounts
from trimtab.client.inventory import Inventory

_POLL_S = 1.0
_TIMEOUT_S = 120.0
"""Who we are and which regions there are takes some calls, and retries of them."""


@click.command("aws")
@click.option("--role-arn", default="", metavar="ARN", help="Role to assume [the server's own credentials].")
@click.option("--external-id", default="", help="What the role's trust policy asks for.")
@click.option("--profile", default="", help="Profile of the server's AWS configuration.")
@click.option("--account", default="", metavar="ID", help="Refuse credentials of any other account.")
@click.option("--name", default="", help="What to call the account.")
@click.option("--region", "regions", multiple=True, help="Region to read; repeatable [all that are enabled].")
@click.option("--days", type=click.IntRange(1, 90), default=14, show_default=True, help="How far back, the first time.")
@click.option(
    "--every", type=click.IntRange(0, 8760), default=24, show_default=True, help="Hours between reads; 0: once."
)
@click.option("--max-cost", default="1.00", show_default=True, help="Dollars that one read may spend on metrics.")
@click.option("--metrics/--no-metrics", default=True, help="CloudWatch metrics (0.01 USD a thousand).")
@click.option("--audit/--no-audit", default=True, help="Events of CloudTrail (LookupEvents).")
@click.option("--spot/--no-spot", default=True, help="History of spot prices.")
@click.option("--endpoint", default="", metavar="URL", help="An emulator in place of AWS.")
@click.option("--print-policy", is_flag=True, help="Print the IAM policy that this needs, and do nothing.")
@click.option("--plan", "only_plan", is_flag=True, help="Tell what would be called and what it costs, and do nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before metrics that cost money.")
@click.option("--detach", is_flag=True, help="Do not wait until it is read: the server goes on by itself.")
@json_option
@server_options
def aws(
    connection: Connection,
    print_policy: bool,
    only_plan: bool,
    yes: bool,
    detach: bool,
    as_json: bool,
    regions: tuple[str, ...],
    every: int,
    **given: object,
) -> None:
    """Read an AWS account by the server's credentials, or by a role that they may assume.

    First its inventory (describe calls, which are free), then the metrics that advice needs, CloudTrail events and spot
    prices. What is done is kept: a read that is interrupted goes on where it was. Run it once for each account.
    """
    with connection.client(timeout_s=_TIMEOUT_S) as client:
        accounts = Accounts(client)
        if print_policy:
            print_json(accounts.policy().policy)
            return
        body = _body({**given, "regions": list(regions), "every_hours": every})
        plan = accounts.plan(body)
        if only_plan:
            _show_plan(plan, as_json)
            return
        if not yes and body.metrics:
            _ask(plan)
        found = accounts.connect(body)
        remark(f"account {found.account}, {len(found.regions)} regions, as {plan.identity}")
        if not detach:
            found = _wait(accounts, found)
        places = [] if detach else list(_files(Inventory(client), found.account))
    _finish(found, as_json)
    for place in places:
        remark(place)


def _body(given: dict[str, object]) -> wire.ConnectAccount:
    try:
        return typed.convert(given, wire.ConnectAccount)
    except msgspec.ValidationError as problem:
        raise InvalidInput(f"cannot connect the account: {problem}") from None


def _ask(plan: wire.AccountPlan) -> None:
    if plan.dollars is None:
        remark(
            f"metrics cost ${plan.dollars_per_metric} each; how many there are is known when the inventory is read. "
            f"Above ${plan.max_cost} none is read (--max-cost)"
        )
        return
    remark(f"{plan.metrics:,} metrics of {plan.resources:,} resources cost ${plan.dollars} a read (GetMetricData)")
    click.confirm("Go on?", default=True, abort=True, err=True)


def _show_plan(plan: wire.AccountPlan, as_json: bool) -> None:
    if as_json:
        print_json(plan)
        return
    click.echo(f"account {plan.account} as {plan.identity}")
    click.echo(f"regions {', '.join(plan.regions)}")
    rows = [(one.name, ", ".join(one.operations)) for one in plan.sources]
    print_table(("what", "calls"), rows)
    click.echo(f"{plan.calls} list calls at the least, and one for each thing that is described by itself: free")
    if plan.dollars is None:
        click.echo(
            f"metrics: ${plan.dollars_per_metric} each, up to ${plan.max_cost} a read; their number is not known yet"
        )
    else:
        click.echo(f"metrics: {plan.metrics:,} of {plan.resources:,} resources, ${plan.dollars} a read")


def _wait(accounts: Accounts, found: wire.ConnectedAccount) -> wire.ConnectedAccount:
    """Tell how far it is until it is read."""
    pause, told = threading.Event(), -1
    while found.read is not None and found.read.state == "reading":
        done = sum(step.state != "waiting" for step in found.read.steps)
        if done != told:
            told = done
            remark(f"{done} of {len(found.read.steps)} steps, {sum(found.resources.values()):,} resources")
        try:
            pause.wait(_POLL_S)
        except KeyboardInterrupt:
            remark("the server goes on reading; `trimtab accounts show` tells how far it is")
            raise
        found = accounts.one(found.account)
    return found


def _files(inventory: Inventory, account: str) -> Iterator[str]:
    """What else there is of the account: files that other commands read."""
    for one in inventory.all_resources(kind="cloudtrail.trail"):
        if one.account == account and one.attributes.get("S3BucketName"):
            prefix = "/".join(filter(None, (one.attributes.get("S3KeyPrefix"), "AWSLogs")))
            place = f"s3://{one.attributes['S3BucketName']}/{prefix}"
            yield f"trail {one.name} has every event: trimtab import cloudtrail {place}"
    for kind in ("bcm-data-exports.export", "cur.definition"):
        for one in inventory.all_resources(kind=kind):
            if one.account == account and one.attributes.get("S3Bucket"):
                place = f"s3://{one.attributes['S3Bucket']}/{one.attributes.get('S3Prefix', '')}/{one.name}"
                yield f"export {one.name} has the bill: trimtab import {place}"


def _finish(found: wire.ConnectedAccount, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    show(found)
    if found.read is not None and found.read.state == "failed":
        raise click.ClickException(found.read.problem)


def show(found: wire.ConnectedAccount) -> None:
    """Print how an account stands."""
    print_table(("resources", "number"), list(found.resources.items()), right=("number",))
    read = found.read
    if read is None:
        return
    states = Counter(step.state for step in read.steps)
    click.echo(f"read {read.state}: " + ", ".join(f"{number} steps {state}" for state, number in states.items()))
    for name in ("metrics", "audit events", "spot prices"):
        items = sum(step.items for step in read.steps if step.name == name)
        if items:
            click.echo(f"{name}: {items:,}")
    if read.estimate is not None:
        click.echo(f"metrics cost ${read.estimate} a read")
    calls = sum(one.calls for one in found.calls)
    dollars = sum(float(one.cost) for one in found.calls)
    click.echo(f"{calls:,} calls in 30 days, ${dollars:.4f}")
    for problem in dict.fromkeys(f"{one.name}: {one.problem.splitlines()[0]}" for one in read.steps if one.problem):
        remark(problem)
