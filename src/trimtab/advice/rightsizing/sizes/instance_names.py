"""What the name of an instance type says: class, generation, attributes, size."""

import re

from msgspec import Struct

_NAME = re.compile(r"(?P<letter>[a-z]+?)(?P<generation>\d+)(?P<attributes>[a-z]*(?:-[a-z0-9]+)?)\.(?P<size>[a-z0-9-]+)")
BURSTABLE = {
    ("t2", "nano"): 5.0, ("t2", "micro"): 10.0, ("t2", "small"): 20.0, ("t2", "medium"): 20.0, ("t2", "large"): 30.0,
    ("t2", "xlarge"): 22.5, ("t2", "2xlarge"): 16.875,
    ("t3", "nano"): 5.0, ("t3", "micro"): 10.0, ("t3", "small"): 20.0, ("t3", "medium"): 20.0, ("t3", "large"): 30.0,
    ("t3", "xlarge"): 40.0, ("t3", "2xlarge"): 40.0,
}  # fmt: skip
"""Baseline of a vCPU in percent, by family and size: "Key concepts for burstable performance instances", EC2 User Guide
(read 2026-11). t3a and t4g have those of t3. The mean of a day above it uses credits up: they are kept for 24 hours."""


class TypeName(Struct, frozen=True):
    """A name taken apart: `m6gd.2xlarge` is of class `m`, generation 6, with attributes `gd`, of size `2xlarge`."""

    letter: str
    generation: int
    attributes: str
    size: str

    @property
    def family(self) -> str:
        """All before the dot."""
        return f"{self.letter}{self.generation}{self.attributes}"

    @property
    def arm(self) -> bool:
        """Whether its processor is a Graviton: a `g` among the attributes, of a class that is not one of GPUs."""
        return "g" in self.attributes.partition("-")[0] and self.letter not in ("g", "p")

    @property
    def burstable(self) -> bool:
        """Whether it earns CPU credits."""
        return self.letter == "t" and self.generation <= 4

    @property
    def baseline(self) -> float | None:
        """The share of a vCPU that it can use all the time; None where all of it, or where it is not known."""
        known = BURSTABLE.get(("t2" if self.family == "t2" else "t3", self.size)) if self.burstable else None
        return None if known is None else known / 100.0


def parse(name: str) -> TypeName | None:
    """A type's name taken apart; None for one that is not of this form (`u-6tb1.metal`)."""
    found = _NAME.fullmatch(name.removeprefix("ml.").removeprefix("db."))
    if found is None:
        return None
    return TypeName(found["letter"], int(found["generation"]), found["attributes"], found["size"])


def network_bytes(words: str) -> float | None:
    """Bytes a second of a network as AWS words it (`Up to 10 Gigabit`, `25000 Mbps`); None for `High` and kin."""
    found = re.search(r"(?:(\d+)x )?([\d.]+) (Gigabit|Mbps)", words)
    if found is None:
        return None
    return int(found[1] or 1) * float(found[2]) * (125e6 if found[3] == "Gigabit" else 125e3)
