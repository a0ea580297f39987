"""The target of a load test as options name it, and the crew that shares its generation."""

import importlib
from functools import partial
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.cli.connection import pairs
from trimtab.cloud.signing import endpoint_url, signer
from trimtab.inference.load.crew import Crew, local_crew
from trimtab.inference.load.target import Payload, Target

_MOST_WORKERS = 256
_RAY_WORKERS = 4


def target_of(url: str, given: dict[str, Any]) -> Target:
    """The target. Raises InvalidInput."""
    protocol, sign = given["protocol"], None
    if protocol == "sagemaker":
        if "://" not in url:
            url = endpoint_url(url, given["region"])
        sign = signer(url, "sagemaker", given["region"])
    body = given["body"]
    payload = Payload(
        body.encode() if body is not None else None,
        given["body_files"],
        given["dataset"],
        given["template"] or "",
        given["records"],
        given["lengths"],
        given["tokens"],
    )
    return Target(
        url,
        protocol,
        given["method"].upper(),
        pairs(given["headers"], "--header"),
        payload,
        given["model"],
        given["model_version"],
        given["connections"],
        given["timeout"],
        not given["insecure"],
        sign,
        given["connect_to"],
    )


def crew_of(workers: str, url: str, given: dict[str, Any]) -> Crew | None:
    """The generators that share a test: `4` processes here, or `ray://host:10001` with `?workers=8`; None for one.

    Raises InvalidInput, Unavailable.
    """
    if not workers:
        return None
    if given["phases"] or given["stairs"]:
        raise InvalidInput("cannot share growing traffic: give --workers with --rate, --users, --trace or --capacity")
    # Every worker makes the target by itself: what signs and what it reads stay in its process.
    make = partial(target_of, url, {name: value for name, value in given.items() if name in _NEEDED})
    if workers.isdecimal():
        return local_crew(_count(workers), make)
    address, _, count = workers.partition("?workers=")
    if address != "auto" and ":" not in address:
        raise InvalidInput(
            f"cannot use --workers {workers!r}: expected a number of processes, auto, or ray://host:port"
        )
    try:
        on_ray = importlib.import_module("trimtab.inference.load.on_ray")
    except ImportError:
        raise InvalidInput('cannot use a Ray cluster: install the extra with `pip install "trimtab[ray]"`') from None
    crew: Crew = on_ray.ray_crew(address, _count(count) if count else _RAY_WORKERS, make)
    return crew


_NEEDED = ("protocol", "region", "body", "body_files", "dataset", "template", "records", "lengths", "tokens", "method",
           "headers", "model", "model_version", "connections", "timeout", "insecure", "connect_to")  # fmt: skip


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_WORKERS:
        raise InvalidInput(f"cannot have {text!r} workers: expected 1 to {_MOST_WORKERS}")
    return int(text)
