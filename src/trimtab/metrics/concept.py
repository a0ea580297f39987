"""What a concept is: a meaning, and the names that carry it. The tables are gpu_concepts.py and service_concepts.py."""

from enum import StrEnum

from msgspec import Struct

from trimtab.base.tags import Tags, make_tags


class Form(StrEnum):
    """How series are read for the concept's value."""

    LAST = "last"
    RATE = "rate"
    """Increase per second, the mean over the subject's series."""
    INCREASE = "increase"
    DISTRIBUTION = "distribution"


class Alias(Struct, frozen=True):
    """A name that carries a concept: `offset + scale ×` what is read is in the concept's unit.

    `labels` are pairs that a series must have, `needs` dimensions that it must have with any value. `basis` says what
    is really measured, where the aliases of a concept differ in that.
    """

    name: str
    scale: float = 1.0
    form: Form = Form.LAST
    labels: Tags = ()
    basis: str = ""
    offset: float = 0.0
    needs: tuple[str, ...] = ()


class Concept(Struct, frozen=True):
    """A meaning. `about` is what a subject is: `gpu`, `host` or `server` (one that answers inference requests)."""

    name: str
    about: str
    unit: str
    meaning: str
    aliases: tuple[Alias, ...]


def pairs(**named: str) -> Tags:
    """Dimensions that a series must have; `_` stands for `.`."""
    return make_tags({key.replace("_", "."): value for key, value in named.items()})


def counted(name: str, scale: float = 1.0, labels: Tags = (), basis: str = "") -> Alias:
    """A name whose increase carries the concept."""
    return Alias(name, scale, Form.INCREASE, labels, basis)


def spread(name: str, scale: float = 1.0, basis: str = "") -> Alias:
    """A name whose distribution carries the concept: a histogram, or the buckets of a Prometheus one."""
    return Alias(name, scale, Form.DISTRIBUTION, basis=basis)
