"""`trimtab batch list`, `show` and `remove`: jobs as the server has them."""

import click

from trimtab.base.clock import SystemClock, iso
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import ago, json_option, print_json, print_table
from trimtab.client.batch import BatchJobs
from trimtab.client.batch_wire import Job

_STATUSES = ("Queued", "InProgress", "Completed", "Stopped", "Failed")


@click.command("list")
@click.option("--name", default="", help="Only jobs of this name.")
@click.option("--status", type=click.Choice(_STATUSES), default=None, help="Only jobs in this status.")
@json_option
@server_options
def list_(connection: Connection, name: str, status: str | None, as_json: bool) -> None:
    """List batch jobs, the last begun first.

    Example: trimtab batch list --status InProgress
    """
    with connection.client() as client:
        found = BatchJobs(client).listed(name, status or "")
    if as_json:
        print_json(found)
        return
    now_ms = SystemClock().now_ms()
    print_table(
        ("Id", "Name", "Status", "Began", "Done", "Records", "Per s", "Failed", "Left", "Cost"),
        [_row(one, now_ms) for one in found],
        right=("Done", "Records", "Per s", "Failed", "Left", "Cost"),
    )


@click.command("show")
@click.argument("job_id")
@json_option
@server_options
def show(connection: Connection, job_id: str, as_json: bool) -> None:
    """Show one batch job.

    Example: trimtab batch show 3f2c8f0e-6f0b-4a39-9d53-6cf7d1f7a111
    """
    with connection.client() as client:
        found = BatchJobs(client).get(job_id)
    if as_json:
        print_json(found)
        return
    one = found.report
    facts = [
        ("status", _status(found)),
        ("name", one.name),
        ("model", one.model),
        ("input", f"{one.input} ({one.bytes_total:,} bytes)"),
        ("output", one.output),
        ("where", " ".join(text for text in (one.host, one.backend, one.instance_type) if text)),
        ("began", iso(one.started_ms)),
        ("done", f"{_share(found)}: {one.records:,} records, {one.records_kept:,} of them by an earlier run"),
        ("throughput", f"{one.records_per_s:,.0f} records/s, {one.workers} × {one.batch_records} records at once"),
        ("left", "–" if one.eta_s is None else f"{one.eta_s:,.0f} s"),
        ("failed", f"{one.errors:,}"),
        ("cost", f"{found.cost} {found.currency} ({found.cost_basis})" if found.cost else "unknown: no price is known"),
        *(("problem", text) for text in [one.problem] if text),
        *(("error", text) for text in one.first_errors),
    ]
    width = max(len(name) for name, _ in facts)
    for name, text in facts:
        click.echo(f"{name:{width}}  {text}")


@click.command("remove")
@click.argument("job_id")
@server_options
def remove(connection: Connection, job_id: str) -> None:
    """Forget a job; its output stays.

    Example: trimtab batch remove 3f2c8f0e-6f0b-4a39-9d53-6cf7d1f7a111
    """
    with connection.client() as client:
        click.echo(f"removed {BatchJobs(client).delete(job_id).removed}")


def _row(job: Job, now_ms: int) -> tuple[object, ...]:
    one = job.report
    return (
        one.id,
        one.name,
        _status(job),
        ago(one.started_ms, now_ms),
        _share(job),
        f"{one.records:,}",
        f"{one.records_per_s:,.0f}",
        f"{one.errors:,}",
        "–" if one.eta_s is None or one.status != "InProgress" else f"{one.eta_s:,.0f} s",
        f"{job.cost} {job.currency}" if job.cost else "–",
    )


def _status(job: Job) -> str:
    return f"{job.report.status}, silent" if job.stale else job.report.status


def _share(job: Job) -> str:
    one = job.report
    return f"{100 * one.bytes_done / one.bytes_total:.0f} %" if one.bytes_total else "–"
