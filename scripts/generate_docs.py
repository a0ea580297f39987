"""Write the pages of docs/reference that are taken from the code: settings, commands, operations, errors, own metrics.

python scripts/generate_docs.py            write them
python scripts/generate_docs.py --check    say which are not current; exit status 1 if any
"""

import ast
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast
from unittest.mock import MagicMock

import click
from msgspec.structs import fields

from trimtab.advice.catalogue import catalogue
from trimtab.advice.check import Check
from trimtab.advice.complete import judgement
from trimtab.advice.recommenders import RECOMMENDERS
from trimtab.audit.findings.rule import Rule
from trimtab.audit.findings.rules import RULES
from trimtab.audit.model import DATA
from trimtab.base import errors
from trimtab.base.deprecated import DEPRECATED
from trimtab.cli.main import root
from trimtab.doors.aws.faults import SHARED, of_domain
from trimtab.doors.aws.service import Operations
from trimtab.doors.rest.errors import TABLE as REST_ERRORS
from trimtab.doors.rest.routes import OPENAPI_PATH, Dependencies
from trimtab.doors.rest.routes import operations as rest_operations
from trimtab.doors.rest.spec import Operation
from trimtab.figures.model import CLIPPED, Figure
from trimtab.figures.register import REGISTER
from trimtab.settings import Settings, describe

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "trimtab"
REFERENCE = ROOT / "docs" / "reference"
NOTE = "<!-- Written by scripts/generate_docs.py from the code: change the code, then run `make docs`. -->\n\n"
HELP_WIDTH = 100

_BOUND = "yes"


def settings_page() -> str:
    """Every setting with its default and meaning."""
    rows = [(f"`{row.name}`", _default(row.default), row.help) for row in describe({})]
    return f"""# Settings

A setting comes from the environment, else from the TOML file that `TRIMTAB_CONFIG` names (keys in lower case without
the prefix, such as `http_addr = "127.0.0.1:4750"`), else from its default. `trimtab settings` prints each with its
value and where that came from; a wrong value or an unknown key in the file stops the start with a message that names
it.

{_table(("setting", "default", "meaning"), rows)}"""


def _default(text: str) -> str:
    shown = text.replace(str(Path.home()), "~", 1)
    return f"`{shown}`" if shown else "(empty)"


def deprecations_page() -> str:
    """What goes with a later version."""
    rows = [(f"`{one.name}`", one.kind.value, one.since, one.until, one.instead) for one in DEPRECATED]
    return f"""# Deprecations

What a release had stays for at least two minor versions after the one that deprecates it, and warns until it is gone:
a setting in the log of `trimtab up` and in `trimtab doctor`, a command in its help and when it is called, a REST
operation by a header `Warning` and in the OpenAPI document. Tests hold the names of every release against this list.

{_table(("name", "kind", "deprecated since", "gone in", "what to do"), rows)}"""


def commands_page() -> str:
    """The help of every command."""
    parts = [
        "# Commands\n\n"
        "Exit status: 0 done, 1 failed, 2 wrong use, 130 interrupted. `--json` prints JSON for programs.\n"
    ]
    for path, command in _commands((), root):
        context = click.Context(
            command,
            info_name=" ".join(path),
            max_content_width=HELP_WIDTH,
            terminal_width=HELP_WIDTH,
            help_option_names=["-h", "--help"],
        )
        heading = "#" * (len(path) + 1)
        parts.append(f"{heading} {' '.join(path)}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def _commands(path: tuple[str, ...], command: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    here = (*path, (path and command.name) or "trimtab")
    yield here, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=here[-1])
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None and not child.hidden:
                yield from _commands(here, child)


def aws_page() -> str:
    """Every AWS operation that is served."""
    parts = [
        """# AWS operations

Point any AWS SDK's `endpoint_url` at trimtab's HTTP address; the service is told from the request itself. Requests are
read and answers written by the service models that botocore ships, in the protocols that each service has (JSON,
query, REST JSON, CBOR). An operation that is not listed is answered with the protocol's own unknown-operation error,
which names those that are. *Role* is what the access key needs where keys are asked for; *bound* are those that keys
bound to tags may call too: what they answer keeps to the tags (see `guide/sign-in.md`).
"""
    ]
    for service, operations in sorted(served_operations().items()):
        rows = [
            (f"`{name}`", role, _BOUND if bound else "", sentence)
            for name, (role, sentence, bound) in sorted(operations.items())
        ]
        parts.append(f"## {service}\n\n{_table(('operation', 'role', 'bound', 'what it does'), rows)}")
    return "\n".join(parts)


def served_operations() -> dict[str, dict[str, tuple[str, str, bool]]]:
    """By service and operation: the role that it needs, its sentence, and whether it is for keys that are bound to
    tags too; as the operations' registries have it."""
    found: dict[str, dict[str, tuple[str, str, bool]]] = {}
    door = SOURCE / "doors" / "aws"
    for file in sorted(door.rglob("*.py")):
        parts = file.relative_to(door).with_suffix("").parts
        module = importlib.import_module(".".join(("trimtab.doors.aws", *parts)))
        operations = getattr(module, "operations", None)
        for name, added in operations.added.items() if isinstance(operations, Operations) else ():
            sentence = (inspect.getdoc(added.call) or "").split("\n\n")[0].replace("\n", " ")
            found.setdefault(parts[0], {})[name] = (added.needs.value, sentence, added.bound)
    return found


def rest_page() -> str:
    """Every REST operation."""
    rows = [
        (
            f"`{one.method} {one.path}`",
            one.role.value if one.role else "none",
            _BOUND if one.bound else "",
            _parameters(one),
            one.summary,
        )
        for one in served_rest()
    ]
    return f"""# REST operations

`{OPENAPI_PATH}` describes requests and answers in full. *Role* is what the caller needs where keys are asked for, and
*bound* are those that keys bound to tags may call too (see `guide/sign-in.md`); times are `now`, `-3h`, ISO 8601 or
milliseconds since the epoch.

{_table(("operation", "role", "bound", "query", "what it does"), rows)}"""


def served_rest() -> list[Operation]:
    """The operations; declaring them calls none of what they need, so anything is given."""
    anything = cast(Any, MagicMock())  # not None: a room that is not there has no operations
    needs = dict.fromkeys(Dependencies.__struct_fields__, anything)
    given = {"settings": Settings(), "auth_required": False, "checks": {}, "wipe": None}
    return rest_operations(Dependencies(**{**needs, **given}))


def _parameters(operation: Operation) -> str:
    return ", ".join(f"`{one.encode_name}`" for one in fields(operation.query)) or "–"


def errors_page() -> str:
    """The error tree and what each error is on the wires."""
    rows = []
    for kind in _tree(errors.TrimtabError):
        if kind is errors.SetupError:
            continue  # it ends the start, and so never reaches a wire
        status, code = next(((s, c) for k, s, c in REST_ERRORS if issubclass(kind, k)), (500, "internal"))
        aws = of_domain(kind("text")).code
        shared = SHARED.get(aws)
        name = aws if shared is None or shared.json_name == aws else f"{aws} / {shared.json_name}"
        meaning = (kind.__doc__ or "").split("\n")[0]
        rows.append((f"`{kind.__name__}`", f"{status} `{code}`", f"`{name}`", meaning))
    return f"""# Errors

Every message is written for a person: "cannot (do what): got …; expected …; try …". Nothing is dropped silently: a row
that is refused is named with its reason in the answer (in the protocol's own form of partial success where it has one)
and on the *Data sources* page. REST answers carry `{{"error": {{"code", "message", "field"}}}}`. AWS answers carry the
service's own codes where the service documents one; the codes below are for what all services share, as the query
protocol and the younger protocols name it. A wrong set-up is no answer but the end of the start, with exit status 1.

{_table(("error", "REST", "AWS", "meaning"), rows)}"""


def _tree(kind: type[errors.TrimtabError]) -> Iterator[type[errors.TrimtabError]]:
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from _tree(child)


def own_metrics_page() -> str:
    """The metrics of GET /metrics."""
    rows = []
    calls = [node for node in ast.walk(ast.parse((SOURCE / "selfwatch.py").read_text())) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda call: call.lineno):
        kind = ast.unparse(call.func).removesuffix("MetricFamily").lower()
        if kind in ("counter", "gauge", "histogram"):
            name, sentence = ast.literal_eval(call.args[0]), ast.literal_eval(call.args[1])
            rows.append((f"`{name}{'_total' if kind == 'counter' else ''}`", kind, sentence))
    return f"""# Metrics about trimtab

`GET /metrics` answers in Prometheus's text format, so that an existing Prometheus watches trimtab too. Beside these
come the usual `process_*` and `python_info` metrics of the server process. All but money and the version are also kept
as series of the namespace `trimtab/Self`, a sample a minute (`TRIMTAB_SELF_METRICS`), so that alarms can watch them.

{_table(("metric", "type", "meaning"), rows)}"""


def checks_page() -> str:
    """Every check with its thresholds, their sources, and its three examples, each judged as it is printed."""
    parts = [
        f"# Checks\n\n{len(catalogue())} checks, each one file of `advice/checks/`, and {len(RECOMMENDERS)} "
        "recommenders with histories of their own. `trimtab advice checks ID --set NAME=VALUE` changes a threshold. "
        "Ids that do not begin with `trimtab-` are Trusted Advisor's.\n"
    ]
    parts += [_check(check) for check in catalogue().values()]
    parts.append("## Recommenders\n")
    rows = [(f"`{one.id}`", one.name, one.about, one.alert) for one in RECOMMENDERS]
    parts.append(_table(("id", "name", "what it does", "told when"), rows))
    return "\n".join(parts)


def audit_findings_page() -> str:
    """Every rule of the audit."""
    rows = [
        (f"`{rule.id}`", rule.severity, rule.technique, rule.title, rule.why, _counted(rule))
        for rule in sorted(RULES, key=lambda one: one.id)
    ]
    head = ("finding", "severity", "technique", "what it says", "why", "within ten minutes by one caller")
    return f"""# Audit findings

Rules over CloudTrail records ([guide](../guide/audit.md)); techniques are MITRE ATT&CK's, version 16.

{_table(head, rows)}
"""


def _counted(rule: Rule) -> str:
    words = [f"{rule.least} {'call' if rule.least == 1 else 'calls'}"]
    if rule.different > 1:
        words.append(f"{rule.different} different")
    if rule.places > 1:
        words.append(f"from {rule.places} addresses")
    if rule.category == DATA:
        words.append("of data events")
    return ", ".join(words)


def figures_page() -> str:
    """The register of figures."""
    areas: dict[str, list[Figure]] = {}
    for one in REGISTER.values():
        areas.setdefault(one.area, []).append(one)
    parts = [
        f"# Figures\n\n{len(REGISTER)} figures. Each has one name and one definition wherever it is shown: on pages "
        "(the link on a tile or a table's head), in reports, REST (`GET /rest/v1/figures`), datasets and on the "
        "command line (`trimtab figures show ID`). Unless its line says otherwise a figure over a range is of "
        f"{CLIPPED}.\n"
    ]
    for area, found in areas.items():
        rows = [
            (
                f"{one.label}<br>`{one.id}`",
                one.unit,
                one.formula,
                one.basis or "–",
                "" if one.span == CLIPPED else one.span,
                one.rollup.value,
            )
            for one in found
        ]
        heads = ("figure", "unit", "formula", "basis", "range, where it is another", "adds up as")
        parts.append(f"## {area[:1].upper()}{area[1:]}\n\n{_table(heads, rows)}")
    return "\n".join(parts)


def _check(check: Check) -> str:
    lines = [
        f"## {check.name}\n",
        f"`{check.id}` · {check.pillar.value} · effort {check.effort.value}\n",
        f"{check.about}\n",
    ]
    lines.append(f"Told when: {check.alert}. Source: <{check.source}>\n")
    rows = [(f"`{one.name}`", f"{one.default:g} {one.unit}", one.meaning, one.source) for one in check.settings]
    if rows:
        lines.append(_table(("setting", "default", "meaning", "who says so"), rows))
    examples = check.examples
    named = (("found", examples.positive), ("in order", examples.negative), ("not enough data", examples.undecided))
    for word, example in named:
        told = judgement(check, example.facts)
        said = "; ".join(f"**{one.name}**: {one.summary}" for one in told.findings)
        unsure = "; ".join(one.reason for one in told.undecided)
        lines.append(f"- {word}: {example.says}" + (f" → {said or unsure}" if said or unsure else ""))
    lines.append(f"\nFix: `{check.fix}`\n")
    return "\n".join(lines)


PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "deprecations.md": deprecations_page,
    "commands.md": commands_page,
    "aws-operations.md": aws_page,
    "rest-operations.md": rest_page,
    "errors.md": errors_page,
    "own-metrics.md": own_metrics_page,
    "checks.md": checks_page,
    "audit-findings.md": audit_findings_page,
    "figures.md": figures_page,
}


def generated() -> dict[str, str]:
    """Each generated page's text by its file name."""
    return {name: NOTE + page().rstrip() + "\n" for name, page in PAGES.items()}


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def main() -> int:
    """Write the pages, or with --check only compare."""
    for name in [name for name in os.environ if name.startswith("TRIMTAB_")]:
        del os.environ[name]  # help texts and defaults must not show this machine's settings
    stale = []
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, text in generated().items():
        file = REFERENCE / name
        if file.exists() and file.read_text() == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            file.write_text(text)
    if stale and "--check" in sys.argv:
        print(f"not current: {', '.join(stale)}; run `make docs`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
