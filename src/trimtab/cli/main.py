"""The root of the command line. A command's module is loaded when it is called, so that `trimtab` starts at once."""

import importlib
from collections.abc import Iterable

import click
from msgspec import Struct

from trimtab import __version__
from trimtab.base.deprecated import DEPRECATED, Deprecation, Kind, of_kind


class LazyCommand(Struct, frozen=True):
    """Where a command lives, and what `trimtab --help` says of it."""

    module: str
    attribute: str
    help: str


COMMANDS = {
    "up": LazyCommand("trimtab.cli.up", "up", "Run the server and the local agent (Ctrl-C stops them)."),
    "advice": LazyCommand("trimtab.cli.advice", "advice", "What to change, what it saves, and what came of it."),
    "agent": LazyCommand("trimtab.cli.agent", "agent", "Collect this machine's metrics and send them to a server."),
    "demo": LazyCommand("trimtab.cli.demo", "demo", "Look around in a simulated company, in a trimtab of its own."),
    "config": LazyCommand("trimtab.cli.config", "config", "Alarms, dashboards and detectors as files: diff, apply."),
    "asked": LazyCommand("trimtab.cli.asked", "asked", "What owners were asked and said, and stops that wait."),
    "alarms": LazyCommand("trimtab.cli.alarms", "alarms", "Alarms: list, put, replay on the past, suggest, mute."),
    "objectives": LazyCommand(
        "trimtab.cli.objectives", "objectives", "What is promised of services, and what is left of error budgets."
    ),
    "canaries": LazyCommand("trimtab.cli.canaries", "canaries", "Scheduled checks of endpoints, and what they found."),
    "anomalies": LazyCommand(
        "trimtab.cli.anomalies", "anomalies", "See what was unusual in any series, and what changed with it."
    ),
    "budgets": LazyCommand("trimtab.cli.budgets", "budgets", "Limits on the bill: who is told, and what is done."),
    "detectors": LazyCommand(
        "trimtab.cli.detectors", "detectors", "Anomaly detectors of single metrics: put, list, delete."
    ),
    "connect": LazyCommand("trimtab.cli.connect", "connect", "Read what there is already: a Prometheus's history."),
    "accounts": LazyCommand("trimtab.cli.accounts", "accounts", "AWS accounts that are read, and what calls cost."),
    "dashboards": LazyCommand(
        "trimtab.cli.dashboards", "dashboards", "List, show, store, import, share and delete dashboards."
    ),
    "audit": LazyCommand("trimtab.cli.audit", "audit", "Who did what: look up, query, verify; trails and findings."),
    "import": LazyCommand("trimtab.cli.imports", "import_", "Import a bill, or CloudTrail files."),
    "costs": LazyCommand("trimtab.cli.bill", "costs", "Bills: imports and receipts, FOCUS exports."),
    "catalog": LazyCommand("trimtab.cli.catalog", "catalog", "What machines hold and cost, by list and by your rates."),
    "price": LazyCommand("trimtab.cli.price", "price", "What a job's file asks for, costs and waits, before it runs."),
    "runs": LazyCommand("trimtab.cli.runs", "runs", "What ran on the GPUs, what it cost and lost; the queue."),
    "queue": LazyCommand("trimtab.cli.queue", "queue", "A queue replayed with other GPUs; quotas and use."),
    "inventory": LazyCommand("trimtab.cli.inventory", "inventory", "What there is and whose it is; nodes of clusters."),
    "statements": LazyCommand(
        "trimtab.cli.economics", "statements", "What each team is charged, to the cent; close months, CSV, PDF."
    ),
    "allocation": LazyCommand(
        "trimtab.cli.economics", "allocation", "Rules that divide the bill: show, try on a month, apply."
    ),
    "tags": LazyCommand("trimtab.cli.economics", "tags", "Tags on the bill: keys, policies, cost that nobody owns."),
    "loadtest": LazyCommand(
        "trimtab.cli.loadtest", "loadtest", "Load tests: what an endpoint bears, and how fast it is."
    ),
    "batch": LazyCommand("trimtab.cli.batch", "batch", "Batch jobs: every record of files through a model, once."),
    "doctor": LazyCommand("trimtab.cli.doctor", "doctor", "Check this machine and the server, and say what to do."),
    "egress": LazyCommand("trimtab.cli.egress", "egress", "Where the server may connect to: list, allow, remove."),
    "env": LazyCommand("trimtab.cli.env", "env", "Print the shell lines that point other clients here."),
    "figures": LazyCommand("trimtab.cli.figures", "figures", "What every number means: formula, basis, range."),
    "fleet": LazyCommand("trimtab.cli.fleet", "fleet", "What GPUs were, hour by hour, and what that cost."),
    "grafana": LazyCommand("trimtab.cli.grafana", "grafana", "Bring trimtab's data and dashboards to Grafana."),
    "kpis": LazyCommand("trimtab.cli.kpis", "kpis", "Show the infrastructure KPIs of services, teams or the fleet."),
    "keys": LazyCommand("trimtab.cli.keys", "keys", "Make, list, rotate and revoke access keys and tokens."),
    "users": LazyCommand("trimtab.cli.users", "users", "People with a name and a password: make, list, disable."),
    "groups": LazyCommand("trimtab.cli.grants", "groups", "Groups of people: a role, and what it is bound to."),
    "secrets": LazyCommand("trimtab.cli.secrets", "secrets", "The key that secrets in the state are sealed under."),
    "investigations": LazyCommand(
        "trimtab.cli.investigations", "investigations", "What happened around a time, kept with notes."
    ),
    "reports": LazyCommand("trimtab.cli.reports", "reports", "What changed, why, and what to do: written, or sent."),
    "backup": LazyCommand("trimtab.cli.backup", "backup", "Copy the data directory, while trimtab runs or not."),
    "restore": LazyCommand("trimtab.cli.backup", "restore", "Bring the data directory back from a backup."),
    "state": LazyCommand("trimtab.cli.state", "state", "All of the state as one file: export, import."),
    "forget": LazyCommand("trimtab.cli.forget", "forget", "Delete all data of an account, a team or a user."),
    "log": LazyCommand("trimtab.cli.log", "log", "The log of what was acknowledged: verify, salvage, replay."),
    "logs": LazyCommand("trimtab.cli.logs", "logs", "Search logs with Logs Insights queries."),
    "metrics": LazyCommand("trimtab.cli.metrics", "metrics", "Store, read and list metrics."),
    "notify": LazyCommand("trimtab.cli.notify", "notify", "Tell people and machines: channels, tests, delivery log."),
    "serverless": LazyCommand(
        "trimtab.cli.serverless",
        "serverless",
        "Functions and short jobs: cold starts, memory, failures, cost.",
    ),
    "scaling": LazyCommand("trimtab.cli.scaling", "scaling", "Targets that are scaled: decisions, guard rails, chaos."),
    "datasets": LazyCommand("trimtab.cli.datasets", "datasets", "Sources joined for visuals, SQL and notebooks."),
    "analyses": LazyCommand("trimtab.cli.analyses", "analyses", "Visuals over datasets: pictures, tables, alarms."),
    "simulate": LazyCommand("trimtab.cli.simulate", "simulate", "Replay scaling policies and concurrency on the past."),
    "plan": LazyCommand("trimtab.cli.plan", "plan", "Machine type, policy and purchase option, chosen together."),
    "mcp": LazyCommand("trimtab.cli.mcp", "mcp", "A door for assistants: tools over the Model Context Protocol."),
    "tokens": LazyCommand("trimtab.cli.tokens", "tokens", "Tokens of calls of models, and what they cost."),
    "train": LazyCommand("trimtab.cli.train", "train", "Training that survives interruptions, and costs least."),
    "traces": LazyCommand(
        "trimtab.cli.traces", "traces", "Traces: search, what explains latency, comparisons, root causes."
    ),
    "triggers": LazyCommand(
        "trimtab.cli.triggers", "triggers", "Event rules: what acts on events; pipelines started once."
    ),
    "service": LazyCommand("trimtab.cli.service", "service", "trimtab as a service of systemd: install, show."),
    "settings": LazyCommand("trimtab.cli.settings", "settings", "List every setting with its value and its meaning."),
}


def warned(name: str, command: click.Command, listed: Iterable[Deprecation] = DEPRECATED) -> click.Command:
    """A command that says, in its help and when called, that it or one below it goes with a later version."""
    for path, entry in of_kind(Kind.COMMAND, listed).items():
        _, first, *below = path.split()
        at: click.Command | None = command if first == name else None
        for word in below:
            at = at.commands.get(word) if isinstance(at, click.Group) else None
        if at is not None:
            at.deprecated = f"It will be gone in {entry.until}: {entry.instead}."
    return command


class LazyGroup(click.Group):
    """A group whose commands are imported by name when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command, or None for an unknown name."""
        known = COMMANDS.get(cmd_name)
        if known is None:
            return None
        try:
            module = importlib.import_module(known.module)
        except ModuleNotFoundError as problem:
            if problem.name is None or problem.name.partition(".")[0] == "trimtab":
                raise
            raise click.ClickException(
                f"cannot run `trimtab {cmd_name}`: the package {problem.name!r} is not installed; "
                "try pip install 'trimtab[server]'"
            ) from None
        command = getattr(module, known.attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"bug: {known.module}.{known.attribute} is not a command")
        return warned(cmd_name, command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with the help of the table, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, known.help) for name, known in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="trimtab", message="%(prog)s %(version)s")
def root() -> None:
    """See what each team's GPUs did and cost, what was wasted, and what to change."""
