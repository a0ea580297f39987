"""`trimtab mcp`: the door for assistants over standard input and output, and its tools from a shell."""

import sys
from typing import Any

import click
import msgspec

from trimtab.assistants import stdio
from trimtab.assistants.tool import Tool
from trimtab.assistants.toolbox import Result, call, described, find, schema_tokens, toolbox
from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark


@click.group(invoke_without_command=True)
@server_options
@click.pass_context
def mcp(context: click.Context, connection: Connection) -> None:
    """Serve assistants over standard input and output, with the role and scope of your token.

    An assistant starts it by itself; `trimtab mcp tools` lists what it may ask, `trimtab mcp call` asks from here. The
    server answers the same at /mcp over HTTP.
    """
    if context.invoked_subcommand is not None:
        return
    with connection.client() as client:

        def ask(tool: Tool, arguments: Any) -> Result:
            return call(tool, arguments, client)

        stdio.serve(sys.stdin.buffer, sys.stdout.buffer, ask)


@mcp.command("tools")
@json_option
def tools(as_json: bool) -> None:
    """List the tools, as an assistant sees them."""
    if as_json:
        print_json(described())
        return
    print_table(("tool", "what it is for"), [(tool.name, tool.about) for tool in toolbox().values()])
    remark(f"{len(toolbox())} tools, some {schema_tokens():,} tokens with their arguments; all only read.")


@mcp.command("call")
@click.argument("name")
@click.argument("arguments", default="{}")
@server_options
def call_(connection: Connection, name: str, arguments: str) -> None:
    """Ask a tool with ARGUMENTS (a JSON object), and print its answer, which is JSON.

    Example: trimtab mcp call gpus '{"ask": "waste", "start": "-7d"}'
    """
    try:
        given = typed.decode(arguments)
    except msgspec.DecodeError as problem:
        raise InvalidInput(f"cannot read arguments: {problem}; expected a JSON object", field="arguments") from None
    tool = find(name)
    with connection.client() as client:
        result = call(tool, given, client)
    click.echo(msgspec.json.format(result.text, indent=2))
    if result.failed:
        sys.exit(1)
