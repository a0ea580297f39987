"""`trimtab env`: the shell lines that point boto3, the aws CLI, OpenTelemetry SDKs and Prometheus here."""

import shlex
from urllib.parse import quote

import click

from trimtab.base.errors import TrimtabError, Unavailable
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, remark
from trimtab.client import wire

SHELLS = ("bash", "fish", "powershell")
LOCAL_KEY = "local"
"""Access key id and secret in local mode, where any signature is taken: the clients insist on some."""
_PLACEHOLDER_ID = "<access key id>"
_PLACEHOLDER_SECRET = "<secret access key>"  # noqa: S105  # what stands where the user puts one


@click.command("env")
@click.option(
    "--shell", type=click.Choice(SHELLS), default="bash", show_default=True, help="Whose syntax (bash is zsh's too)."
)
@click.option("--access-key", metavar="ID:SECRET", help="Access key to use; without one, local mode's.")
@click.option("--new-key", metavar="NAME", help="Make an access key of that name and use it.")
@json_option
@server_options
def env(connection: Connection, shell: str, access_key: str | None, new_key: str | None, as_json: bool) -> None:
    """Print the shell lines that point clients here.

    \b
    bash, zsh    eval "$(trimtab env)"
    fish         trimtab env --shell fish | source
    PowerShell   trimtab env --shell powershell | Out-String | Invoke-Expression
    """
    if access_key and new_key:
        raise click.UsageError("expected --access-key or --new-key, not both")
    id_, secret, remarks = _credentials(connection, access_key, new_key)
    variables = _variables(connection, id_, secret)
    if as_json:
        print_json(variables)
        return
    for name, value in variables.items():
        click.echo(_line(shell, name, value))
    for line in _prometheus(connection):
        click.echo(f"# {line}".rstrip())
    for text in remarks:
        remark(text)


def _credentials(connection: Connection, access_key: str | None, new_key: str | None) -> tuple[str, str, list[str]]:
    if new_key:
        with connection.client() as client:
            made = client.create_key(wire.CreateKey(name=new_key, kind="aws", role="write"))
        return made.id, made.secret, []
    if access_key:
        id_, separator, secret = access_key.partition(":")
        if not separator or not id_ or not secret:
            raise click.UsageError("expected --access-key ID:SECRET")
        return id_, secret, []
    if _auth_required(connection):
        return _PLACEHOLDER_ID, _PLACEHOLDER_SECRET, ["This server asks for keys: put yours in, or use --new-key NAME."]
    return LOCAL_KEY, LOCAL_KEY, []


def _auth_required(connection: Connection) -> bool:
    try:
        with connection.client(timeout_s=5) as client:
            return client.health().auth_required
    except Unavailable as problem:
        remark(f"{problem}; these lines take the settings of this machine")
        return connection.settings.require_auth
    except TrimtabError:
        return True


def _variables(connection: Connection, id_: str, secret: str) -> dict[str, str]:
    variables = {
        "AWS_ENDPOINT_URL": connection.url,
        "AWS_ACCESS_KEY_ID": id_,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": connection.settings.region,
        "AWS_DEFAULT_REGION": connection.settings.region,
        # Some operations put a word in front of the host name, which no loopback address has.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": connection.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    }
    if not connection.is_local:  # this machine's own server is found without, and `trimtab keys` knows that it is
        variables["TRIMTAB_URL"] = connection.url
    if connection.ca_file:
        variables["AWS_CA_BUNDLE"] = connection.ca_file
        variables["OTEL_EXPORTER_OTLP_CERTIFICATE"] = connection.ca_file
    if connection.token:
        variables["OTEL_EXPORTER_OTLP_HEADERS"] = "Authorization=" + quote(f"Bearer {connection.token}")
        variables["TRIMTAB_TOKEN"] = connection.token
    return variables


def _line(shell: str, name: str, value: str) -> str:
    if shell == "powershell":
        return f"$env:{name} = '" + value.replace("'", "''") + "'"
    if shell == "fish":
        return f"set -gx {name} '" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return f"export {name}={shlex.quote(value)}"


def _prometheus(connection: Connection) -> list[str]:
    lines = ["", "Prometheus, in prometheus.yml:", "remote_write:", f"  - url: {connection.url}/api/v1/write"]
    if connection.token:
        lines += [
            "    authorization:",
            "      credentials: $TRIMTAB_TOKEN   # write the token itself, or use credentials_file",
        ]
    if connection.ca_file:
        lines += ["    tls_config:", f"      ca_file: {connection.ca_file}"]
    return lines
