"""Training on spot, replayed from the command line."""

from pathlib import Path
from typing import Any

import click
import msgspec

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table
from trimtab.cli.purchase_facts import read_body
from trimtab.client import purchases_wire as wire
from trimtab.client.purchases import Purchases


@click.command("spot")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--work", default=48.0, show_default=True, help="Hours of computing.")
@click.option("--deadline", default=60.0, show_default=True, help="Hours from the start until it must be done.")
@click.option("--restart", default=10.0, show_default=True, help="Minutes that a start costs.")
@click.option("--price", default=0.3, show_default=True, help="Spot, as a share of on demand.")
@click.option("--nodes", default=1, show_default=True, help="Machines that the job needs at once.")
@click.option("--checkpoint", default=60.0, show_default=True, help="Seconds that a checkpoint takes.")
@json_option
@server_options
def spot(
    connection: Connection, files: tuple[Path, ...], work: float, deadline: float, restart: float, price: float,
    nodes: int, checkpoint: float, as_json: bool,
) -> None:  # fmt: skip
    """Replay a training job over recorded availability: a file a zone, as github.com/skypilot-org/spot-traces has them.

    Example: trimtab advice purchases spot us-west-2a_v100_1.json us-west-2b_v100_1.json --work 48 --deadline 60
    """
    zones, gap = read_traces(files)
    body = {"zones": zones, "gap_s": gap, "work_h": work, "deadline_h": deadline, "delay_min": restart,
            "spot_price": price, "nodes": nodes, "checkpoint_s": checkpoint}  # fmt: skip
    with connection.client() as client:
        found = Purchases(client).spot(read_body(body, wire.AskSpot))
    if as_json:
        print_json(found)
        return
    print_table(
        ("rule", "cost ÷ on demand"),
        [(one.name, f"{one.cost:.3f}") for one in found.rules],
        right=("cost ÷ on demand",),
    )
    click.echo(
        f"chosen by backtest: {found.cost:.3f} of on demand over {found.jobs} starts ({found.late} late), "
        f"clairvoyant {found.bound:.3f}; now: {found.rule}\n"
        f"checkpoint every {found.checkpoint_every_s / 60:.1f} min: {found.share_lost:.1%} of the time goes into it; "
        f"{found.interruptions} interruptions, {found.between_interruptions_h:.1f} h up between them"
    )


def checkpoint_every_s(connection: Connection, files: tuple[Path, ...], seconds: float) -> float:
    """Seconds between checkpoints that take `seconds`, by replay of recorded availability. Raises InvalidInput."""
    zones, gap = read_traces(files)
    hours = len(zones[0]["up"]) * gap / 3600
    body = {"zones": zones, "gap_s": gap, "work_h": hours / 4, "deadline_h": hours / 2, "checkpoint_s": seconds}
    with connection.client() as client:
        return Purchases(client).spot(read_body(body, wire.AskSpot)).checkpoint_every_s


def read_traces(files: tuple[Path, ...]) -> tuple[list[dict[str, Any]], float]:
    """The zones of the files, cut to the shortest, and their gap. Raises InvalidInput."""
    zones, gaps = [], set()
    for path in files:
        try:
            found = typed.decode(path.read_bytes())
            gaps.add(float(found["metadata"]["gap_seconds"]))
            zones.append({"zone": path.stem.partition("_")[0], "up": [int(one) for one in found["data"]]})
        except (msgspec.DecodeError, KeyError, TypeError, ValueError):
            raise InvalidInput(
                f"cannot read {path}: expected JSON with metadata.gap_seconds and data, a number a tick"
            ) from None
    if len(gaps) != 1:
        raise InvalidInput(f"cannot replay together: the files have ticks of {sorted(gaps)} seconds")
    shortest = min(len(one["up"]) for one in zones)
    return [{**one, "up": one["up"][:shortest]} for one in zones], gaps.pop()
