"""`trimtab connect kubernetes`: pods with GPUs as runs, and nodes, from the API server; it reads only."""

import threading
from pathlib import Path

import click
import httpx

from trimtab.base.clock import SystemClock
from trimtab.base.records import replace
from trimtab.base.timerange import parse_duration_ms
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, remark
from trimtab.cli.text_files import text_of
from trimtab.client.inventory import Inventory
from trimtab.client.runs import Runs
from trimtab.sources.kubernetes.api import Api
from trimtab.sources.kubernetes.cluster import Cluster
from trimtab.sources.kubernetes.config import Access, from_kubeconfig, from_pod
from trimtab.sources.kubernetes.cursor import Cursor
from trimtab.sources.kubernetes.follow import Follow
from trimtab.sources.kubernetes.pods import Owners
from trimtab.sources.kubernetes.role import CLUSTER_ROLE

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("kubernetes")
@click.option("--print-role", is_flag=True, help="Print the ClusterRole that it needs, to be applied, and end.")
@click.option("--kubeconfig", type=_FILE, help="How to reach the cluster [~/.kube/config, else as a pod].")
@click.option("--context", "context_", default="", help="Context of the kubeconfig [its current one].")
@click.option("--server", default="", metavar="URL", help="API server, instead of a kubeconfig.")
@click.option("--token-file", type=_FILE, help="File with a token; read anew for each request.")
@click.option("--ca-file", type=_FILE, help="PEM file of authorities to trust.")
@click.option("--cluster", default="", help="Name of the cluster [the kubeconfig's, or the server's].")
@click.option("--account", default="", help="Account that it belongs to [the server's own].")
@click.option("--team-label", "team_labels", multiple=True, help="Label of a pod's team; repeatable [team, owner].")
@click.option("--user-label", "user_labels", multiple=True, help="Label of a pod's user [user, created-by].")
@click.option("--follow", is_flag=True, help="Watch, and go on until interrupted.")
@click.option("--interval", default="15s", show_default=True, help="With --follow: time between two reports.")
@click.option(
    "--state-dir", type=click.Path(path_type=Path), help="Where it is kept what is done [default: <data dir>/connect]."
)
@json_option
@server_options
def kubernetes(
    connection: Connection,
    print_role: bool,
    kubeconfig: Path | None,
    context_: str,
    server: str,
    token_file: Path | None,
    ca_file: Path | None,
    cluster: str,
    account: str,
    team_labels: tuple[str, ...],
    user_labels: tuple[str, ...],
    follow: bool,
    interval: str,
    state_dir: Path | None,
    as_json: bool,
) -> None:
    """Read the pods and nodes of a Kubernetes cluster that have GPUs: by lists and watches, and nothing is changed.

    A Job, or a job of Kubeflow, Ray, Volcano or JobSet, is one run; any other pod is a run by itself.
    """
    if print_role:
        click.echo(CLUSTER_ROLE, nl=False)
        return
    access = _access(kubeconfig, context_, server, token_file, ca_file)
    api = Api(access)
    name = cluster or access.cluster or httpx.URL(access.server).host
    directory = state_dir or connection.settings.data_dir / "connect"
    owners = Owners(team_labels or Owners().team, user_labels or Owners().user)
    try:
        with connection.client() as client:
            found = Follow(
                api=api,
                runs=Runs(client),
                inventory=Inventory(client),
                cursor=Cursor(directory, f"{access.server}|{name}|{account}", connection.url),
                clock=SystemClock(),
                cluster=name,
                account=account,
                known=Cluster(owners),
            )
            found.read()
            _finish(found, as_json)
            if follow:
                remark("watching; Ctrl-C ends it, and the same command goes on from there")
                found.follow(parse_duration_ms(interval) / 1000, threading.Event())
    finally:
        api.close()


def _finish(found: Follow, as_json: bool) -> None:
    totals = found.totals
    answer = {
        "cluster": found.cluster,
        "pods": totals.pods,
        "runs": totals.runs,
        "changed": totals.changed,
        "lost": totals.lost,
        "nodes": totals.nodes,
    }
    if as_json:
        print_json(answer)
        return
    runs = f"{totals.runs:,} runs with GPUs, {totals.changed:,} new or changed"
    click.echo(
        f"{found.cluster}: {totals.pods:,} pods read, {runs}; {totals.nodes:,} GPU nodes. Try `trimtab runs list`."
    )


def _access(
    kubeconfig: Path | None, context: str, server: str, token_file: Path | None, ca_file: Path | None
) -> Access:
    if server:
        access = Access(server)
    else:
        usual = Path.home() / ".kube" / "config"
        path = kubeconfig or (usual if usual.is_file() else None)
        access = from_kubeconfig(path, context) if path is not None else from_pod()
    if token_file is not None:
        access = replace(access, token="", token_file=token_file, cert="")
    return replace(access, ca=text_of(ca_file)) if ca_file is not None else access
