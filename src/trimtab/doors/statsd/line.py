"""One line of StatsD or DogStatsD: a metric, or something that is no metric.

    name:value|type|@rate|#key:value,tag|c:container|T1656581400

Sources: the StatsD project's "metric types", and Datadog's "DogStatsD protocol" 1.0 to 1.4. One line may carry several
values (`name:1:2:3|h`). A tag without a value has the value "true"; values of a repeated tag are joined by commas.
"""

import re
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.tags import Tags, make_tags

MOST_TAGS = 30
"""Dimensions of a metric, as in CloudWatch."""
MAX_NAME = 255
MAX_TAG_VALUE = 1024
MAX_ABSOLUTE = 2.0**360
"""The largest value, as in CloudWatch."""
LEAST_RATE = 1e-9
"""The least sample rate: what a value stands for stays a number."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)  # float() also takes 1_000 and nan
_REMEMBERED = 20_000  # tag lists parsed before; a program has some hundred


class Type(StrEnum):
    """What a line measures, by its code on the wire."""

    COUNTER = "c"
    GAUGE = "g"
    TIMER = "ms"
    HISTOGRAM = "h"
    DISTRIBUTION = "d"
    SET = "s"


class Line(Struct, frozen=True):
    """A parsed line. `values` are numbers as text for all types but SET, whose values are members.

    `rate` is the share of events that was sent; `time_s` is when they happened, None for now.
    """

    name: str
    type: Type
    values: tuple[str, ...]
    rate: float = 1.0
    tags: Tags = ()
    time_s: int | None = None


def read_line(text: str) -> Line | None:
    """A line; None for an event or service check, which are no metrics. Raises InvalidInput."""
    if text.startswith(("_e{", "_sc|")):
        return None
    head, *fields = text.split("|")
    name, separator, values = head.partition(":")
    if not separator or not fields:
        raise InvalidInput("a line is not name:value|type")
    if not 0 < len(name) <= MAX_NAME:
        raise InvalidInput(f"a metric's name has not 1 to {MAX_NAME} characters")
    try:
        type_ = Type(fields[0])
    except ValueError:
        raise InvalidInput("a metric's type is none of c, g, ms, h, d and s") from None
    rate, time_s = 1.0, None
    tags: Tags = ()
    for field in fields[1:]:
        if field.startswith("@"):
            rate = _rate(field[1:])
        elif field.startswith("#"):
            tags = read_tags(field[1:])
        elif field.startswith("T"):
            time_s = _time(field[1:])
        # Container ids (c:), external data (e:) and cardinality (card:) name the sender, not the metric.
    return Line(name, type_, (values,) if type_ is Type.SET else tuple(values.split(":")), rate, tags, time_s)


def read_number(text: str) -> float:
    """A value. Raises InvalidInput."""
    if not _NUMBER.fullmatch(text):
        raise InvalidInput("a value is not a number")
    number = float(text)
    if not abs(number) <= MAX_ABSOLUTE:
        raise InvalidInput("a value is not a number of at most 2^360")
    return number


@lru_cache(maxsize=_REMEMBERED)
def read_tags(text: str) -> Tags:
    """The tags of `#a:b,c`. Raises InvalidInput."""
    found: dict[str, list[str]] = {}
    for item in text.split(","):
        key, _, value = item.partition(":")
        if key:
            found.setdefault(key, []).append(value or "true")
    joined = {key: ",".join(sorted(set(values))) for key, values in found.items()}
    if len(joined) > MOST_TAGS:
        raise InvalidInput(f"a metric has more than {MOST_TAGS} tags")
    if any(len(key) > MAX_NAME or len(value) > MAX_TAG_VALUE for key, value in joined.items()):
        raise InvalidInput(f"a tag is longer than {MAX_NAME} characters, or its value than {MAX_TAG_VALUE}")
    return make_tags(joined)


def _rate(text: str) -> float:
    rate = read_number(text)
    if not LEAST_RATE <= rate <= 1:
        raise InvalidInput("a sample rate is not above 0 and at most 1")
    return rate


def _time(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise InvalidInput("a time is not a number of seconds since 1970")
    return int(text)
