"""`trimtab` and `python -m trimtab`: run the command line; every failure is one clear line and an exit code."""

import sys
from collections.abc import Sequence

import click

from trimtab.base.errors import InvalidInput, TrimtabError
from trimtab.cli.main import root

FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130
"""What a shell gives to a command that Ctrl-C ended (128 + SIGINT)."""


def main() -> None:
    """The console command."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code: 0 done, 1 failed, 2 wrong use, 130 interrupted."""
    try:
        result = root.main(args=list(arguments), prog_name="trimtab", standalone_mode=False)
    except click.UsageError as problem:
        path = problem.ctx.command_path if problem.ctx is not None else "trimtab"
        return _say(f"{problem.format_message()} (`{path} --help` says more)", WRONG_USE)
    except click.ClickException as problem:
        return _say(problem.format_message(), FAILED)
    except InvalidInput as problem:
        return _say(str(problem), WRONG_USE)
    except TrimtabError as problem:
        return _say(str(problem), FAILED)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:  # the reader, `head` for one, has seen enough
        sys.stdout = None  # or Python complains when it flushes at exit
        return 0
    return result if isinstance(result, int) else 0


def _say(message: str, code: int) -> int:
    click.echo("trimtab: " + " ".join(message.split()), err=True)
    return code


if __name__ == "__main__":
    main()
