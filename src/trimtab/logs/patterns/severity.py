"""How serious a line is, guessed from its words where its sender did not say."""

import re2

LEVELS = ("error", "warn", "info", "debug")
"""From the most serious on."""
_NAMED = {
    "error": "error", "err": "error", "fatal": "error", "crit": "error", "critical": "error", "panic": "error",
    "emerg": "error", "emergency": "error", "alert": "error", "severe": "error", "exception": "error",
    "warn": "warn", "warning": "warn",
    "info": "info", "notice": "info", "information": "info",
    "debug": "debug", "trace": "debug", "verbose": "debug", "fine": "debug",
}  # fmt: skip
# What stands alone as a level: in capitals, in brackets, before a colon or as the value of a key.
_LEVEL = re2.compile(
    r"\b(ERROR|ERR|FATAL|CRIT|CRITICAL|PANIC|EMERG|ALERT|SEVERE|WARN|WARNING|INFO|NOTICE|DEBUG|TRACE)\b"
    r"|\[(error|err|fatal|crit|critical|emerg|alert|warn|warning|info|notice|debug|trace)\]"
    r"|\b(?:level|severity|lvl)\"?[=:]\s*\"?([A-Za-z]+)"
    r"|^(error|fatal|panic|warn|warning|info|debug):"
)
_BAD = re2.compile(
    r"(?i)\b(?:\w*(?:error|exception)|fail(?:s|ed)?|failures?|fatal|panic|traceback|abort(?:ed)?|refused|denied"
    r"|unreachable|corrupt(?:ed)?|out of memory|segfault|cannot|could not|unable to|killed|crash(?:ed)?)\b"
)
_POOR = re2.compile(r"(?i)\b(?:warn(?:ing)?|retry(?:ing)?|retries|deprecated|timed? ?out|slow|unexpected|invalid)\b")


def guess(line: str) -> str:
    """One of LEVELS, or "" where nothing tells. A level that the line names counts before what its words sound like."""
    named = _LEVEL.search(line)
    if named is not None:
        word = next(group for group in named.groups() if group)
        if found := _NAMED.get(word.lower()):
            return found
    if _BAD.search(line):
        return "error"
    return "warn" if _POOR.search(line) else ""


def level_of(severity: str) -> str:
    """One of LEVELS for what a sender called it (`ERROR2`, `Warning`, `notice`), or ""."""
    return _NAMED.get(severity.strip().lower().rstrip("1234"), "")
