"""What of a log line is variable: a chain of regular expressions that RE2 runs, in Python and in the engine alike.

Each rule replaces what it matches; `VARIABLE` stands for a part that changes from line to line. The rules know forms
(numbers, paths, hosts, units), never the words of one kind of log.
"""

from msgspec import Struct

VARIABLE = "\x01"
"""Stands for a variable part while a line is masked; people see `<*>`."""
SHOWN = "<*>"

_WORD = r"[\w./\\@$%&*#+~^-]"
"""What tokens are made of."""
_VALUE = r"""[^\s,;&)\]}"'|=]"""
"""What the value of `key=value` is made of."""
_DAYS = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_UNITS = (
    "seconds minutes second minute hours bytes hour days msec secs mins byte sec min mib gib kib mhz ghz khz kb mb gb "
    "tb ms us ns hz b s h d k m g"
)


class Rule(Struct, frozen=True):
    """A regular expression (RE2) and what takes the place of each match."""

    pattern: str
    replacement: str


def _hide(pattern: str) -> Rule:
    return Rule(pattern, VARIABLE)


RULES = (
    Rule(r"\s+", " "),
    _hide(r"""[A-Za-z][A-Za-z+.-]*://[^\s"'<>(),;]+"""),  # a URL
    Rule(r"""(^|[^\w./])/[^\s"'<>(),;:\]]+""", rf"\1{VARIABLE}"),  # an absolute path
    _hide(r"\[[^\[\],]*,[^\[\]]*\]"),  # a list in brackets, however long
    Rule(r"\.{3,}", " "),  # dots that lead to a value
    _hide(rf"{_WORD}*[0-9]{_WORD}*"),  # whatever has a digit
    _hide(rf"[\w.-]*/[\w.-]*/{_WORD}*"),  # a relative path of two steps
    _hide(r"\b[0-9a-fA-F]{8,}\b"),  # hexadecimal without a digit
    _hide(rf"(?:\b{_DAYS}[a-z]*,? )+{VARIABLE}"),  # days and months before a number
    _hide(r"(?:[\w-]+\.){2,}[a-z]{2,4}\b"),  # the name of a host
    Rule(rf"(, ?|\()([\w.]+=){_VALUE}+", rf"\1\2{VARIABLE}"),  # the values of a record: (key=value, key=value)
    Rule(r" \(\)", f" ({VARIABLE})"),  # parentheses with nothing in them, where others have something
    Rule(rf"([A-Za-z_]=){_VALUE}*{VARIABLE}{_VALUE}*", rf"\1{VARIABLE}"),  # the value of a key, if any of it changes
    _hide(rf"[\w-]+(?:\.[\w-]+)+:{VARIABLE}"),  # host:port
    _hide(rf"(?:\b[0-9A-Fa-f]{{2}}:)+{VARIABLE}"),  # the beginning of a MAC address
    _hide(rf"[<>~≈+-]+{VARIABLE}"),  # signs before a number
    _hide(rf"{VARIABLE} ?(?i:{'|'.join(_UNITS.split())})\b"),  # its unit
    _hide(rf"{VARIABLE}%"),
    _hide(rf"{VARIABLE} ?\({VARIABLE}\)"),  # the same number in another unit
    _hide(rf"{VARIABLE}(?:(?:, | - |#+|[ ,:;/|-]){VARIABLE})+"),  # a list, however long
)
"""In the order in which they are applied."""
