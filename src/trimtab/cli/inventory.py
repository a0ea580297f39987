"""`trimtab inventory`: what there is, whose it is, and which nodes clusters have."""

from pathlib import Path

import click

from trimtab.base.clock import SystemClock
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import ago, json_option, print_json, print_table, remark
from trimtab.client.inventory import Inventory
from trimtab.sources.tables.inventory import read_inventory

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("inventory")
def inventory() -> None:
    """What there is and whose it is: resources from a file, nodes from clusters."""


@inventory.command("import")
@click.argument("file", type=_FILE)
@click.option("--origin", default="", help="What tells of them [the file's name].")
@server_options
def import_(connection: Connection, file: Path, origin: str) -> None:
    """Add or replace the resources of a CSV FILE.

    Columns: arn, or kind and id; provider, account, region, name, owner, type. Any other column is a tag.
    """
    found = read_inventory(file)
    with connection.client() as client:
        taken = Inventory(client).put(found, origin or file.name)
    click.echo(f"{taken} resources are in the inventory")


@inventory.command("list")
@click.argument("words", nargs=-1)
@click.option("--kind", default="", help="Of this kind only: instance, host, volume, …")
@json_option
@server_options
def list_(connection: Connection, words: tuple[str, ...], kind: str, as_json: bool) -> None:
    """List resources; WORDS are looked for in path, name, owner, type and tags."""
    with connection.client() as client:
        found = list(Inventory(client).all_resources(kind=kind, text=" ".join(words)))
    if as_json:
        print_json(found)
        return
    if not found:
        remark("Nothing is in the inventory that matches. Try `trimtab inventory import FILE.csv`.")
        return
    rows = [
        (one.path, one.name, one.owner or "–", one.type, ", ".join(f"{key}={value}" for key, value in one.tags.items()))
        for one in found
    ]
    print_table(("path", "name", "owner", "type", "tags"), rows)


@inventory.command("nodes")
@click.option("--cluster", default="", help="Of this cluster only.")
@json_option
@server_options
def nodes(connection: Connection, cluster: str, as_json: bool) -> None:
    """List the nodes of clusters: what they may be used for, and their GPUs."""
    with connection.client() as client:
        found = Inventory(client).nodes(cluster)
    if as_json:
        print_json(found)
        return
    if not found:
        remark("No cluster has reported its nodes. Try `trimtab connect slurm` or `trimtab connect kubernetes`.")
        return
    now_ms = SystemClock().now_ms()
    rows = [
        (
            one.name,
            one.cluster,
            one.condition,
            f"{one.allocated:g} of {one.gpus:g}",
            one.gpu_type or "–",
            one.instance_type or "–",
            ", ".join(one.partitions) or "–",
            one.reason or one.state,
            ago(one.seen_ms, now_ms),
        )
        for one in found
    ]
    columns = ("node", "cluster", "condition", "GPUs taken", "GPU", "type", "queues", "state", "seen")
    print_table(columns, rows, right=("GPUs taken",))
