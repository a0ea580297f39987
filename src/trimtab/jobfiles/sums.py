"""What asks come to together: GPUs by hardware, at once, and what is not known."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from trimtab.jobfiles.model import Ask, Hardware


class Need(Struct, frozen=True):
    """GPUs of one kind of hardware that an ask needs at once, of the tasks that run together."""

    ask: Ask
    hardware: Hardware
    gpus: float


def needs_of(ask: Ask) -> list[Need]:
    """The needs of an ask by hardware; of several choices the first. None of what the file does not tell."""
    if ask.choices:
        first = ask.choices[0]
        pods = ask.replicas or 0
        return [Need(ask, first.hardware, first.gpus_each * pods)] if first.gpus_each and pods else []
    sums: dict[Hardware, float] = {}
    for group in ask.groups:
        if group.gpus:
            sums[group.hardware] = sums.get(group.hardware, 0.0) + group.gpus * ask.together
    return [Need(ask, hardware, gpus) for hardware, gpus in sums.items()]


def all_needs(asks: Iterable[Ask]) -> list[Need]:
    """The needs of all asks, in order."""
    return [need for ask in asks for need in needs_of(ask)]


def gpus_by_type(needs: Sequence[Need]) -> dict[str, float]:
    """GPUs by what the files call them; "" where they name none."""
    sums: dict[str, float] = {}
    for need in needs:
        name = need.hardware.gpu_type or need.hardware.instance_type
        sums[name] = sums.get(name, 0.0) + need.gpus
    return dict(sorted(sums.items(), key=lambda pair: (-pair[1], pair[0])))


def untold(asks: Iterable[Ask]) -> list[Ask]:
    """Asks whose GPUs, or whose number of pods, the files do not tell."""
    return [ask for ask in asks if ask.gpus is None and not ask.choices]
