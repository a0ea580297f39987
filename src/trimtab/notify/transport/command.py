"""A command on this machine, such as a desktop notification. Only the settings name it; never a request."""

import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence

import msgspec

from trimtab.base.errors import SetupError
from trimtab.notify.model import Outcome, Parcel, Verdict

_TIMEOUT_S = 20.0
_SHOWN = 300
_PLACE = re.compile("{(title|text|severity|link|id)}")


def parse_command(text: str) -> tuple[str, ...]:
    """The words of TRIMTAB_NOTIFY_COMMAND; no shell is involved. Raises SetupError."""
    try:
        return tuple(shlex.split(text))
    except ValueError as problem:
        raise SetupError(f"cannot use TRIMTAB_NOTIFY_COMMAND: {problem}; expected a command and its words") from None


def run_command(words: Sequence[str], parcel: Parcel) -> Verdict:
    """Run it with the notification as JSON on standard input; {title}, {text}, {severity}, {link} and {id} in its words
    are replaced, each word staying one word. A status of 0 is delivered, 75 (EX_TEMPFAIL) is tried again."""
    told = parcel.first
    values = {"title": told.title, "text": told.text, "severity": told.severity, "link": told.link, "id": parcel.id}
    argv = [_filled(word, values) for word in words]
    try:
        done = subprocess.run(
            argv, input=msgspec.json.encode(told), capture_output=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return Verdict(Outcome.FAILED, f"the command did not end within {_TIMEOUT_S:g} s")
    except (OSError, ValueError) as problem:
        return Verdict(Outcome.FAILED, f"cannot run the command: {problem}")
    if done.returncode == 0:
        return Verdict(Outcome.DELIVERED)
    said = done.stderr.decode("utf-8", "replace").strip()[-_SHOWN:]
    outcome = Outcome.RETRY if done.returncode == 75 else Outcome.FAILED
    return Verdict(outcome, f"the command ended with status {done.returncode}: {said}", done.returncode)


def _filled(word: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda match: values[match[1]].replace("\0", ""), word)
