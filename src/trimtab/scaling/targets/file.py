"""The file of TRIMTAB_SCALING_FILE: what may be scaled from here, and how. Nothing else makes trimtab run a command or
write to a cluster, so that no page and no API call can.

    [pools.chat]                          # worker processes of this machine behind a proxy
    command = ["python3", "serve.py", "--port", "{port}"]
    listen = "127.0.0.1:8080"
    zones = ["a", "b", "c"]

    [kubernetes.prod]                     # scale subresources
    server = "https://10.0.0.1:6443"
    token_file = "/etc/trimtab/token"

    [webhooks.render]                     # a signed POST
    url = "https://example.com/scale"
    secret = "whsec_…"

    [aws]                                 # what of AWS may be written, as namespace:resource
    act_on = ["ecs:service/prod/*", "autoscaling:autoScalingGroup/web"]
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec import field as struct_field

from trimtab.base.errors import SetupError
from trimtab.base.toml_file import loaded_toml, typed_toml

SETTING = "TRIMTAB_SCALING_FILE"


class PoolSettings(Struct, frozen=True, kw_only=True):
    """A pool of worker processes.

    `command` is run without a shell; `{port}` and `{zone}` in it are filled in, and are in the environment as PORT and
    ZONE. A worker is ready once `health_path` answers 2xx; it is replaced after `health_failures` checks that fail in
    a row, or `start_s` without a first success. `concurrency` requests at once go to a worker; up to `queue` others
    wait in the proxy for at most `queue_s`. A worker that is stopped gets no new request and `drain_s` to end those it
    has. The rest is what its target begins with.
    """

    command: list[str]
    listen: str = "127.0.0.1:0"
    directory: str = ""
    environment: dict[str, str] = struct_field(default_factory=dict)
    zones: list[str] = struct_field(default_factory=lambda: ["a"])
    health_path: str = "/"
    health_every_s: float = 1.0
    health_failures: int = 3
    start_s: float = 60.0
    drain_s: float = 30.0
    concurrency: int = 1
    queue: int = 1000
    queue_s: float = 30.0
    least: int = 1
    most: int = 10
    capacity: float = 1.0
    launch_s: float = 5.0
    tick_s: int = 10
    price_per_hour: Decimal | None = None
    currency: str = "USD"


class ClusterSettings(Struct, frozen=True, kw_only=True):
    """A Kubernetes API server. The token is read anew for each request, as those of service accounts are rotated."""

    server: str
    token_file: str = ""
    ca_file: str = ""
    verify: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSettings:
    """A receiver of signed orders. It answers 2xx and, if it wants, JSON with `ready` and `desired`."""

    url: str
    secret: str = field(repr=False)


class AwsSettings(Struct, frozen=True, kw_only=True):
    """What of AWS may be written: patterns over `namespace:resource`. `endpoint_url` is for emulators."""

    act_on: list[str]
    endpoint_url: str = ""


class ScalingFile(Struct, frozen=True, kw_only=True):
    """The whole file."""

    pools: dict[str, PoolSettings] = struct_field(default_factory=dict)
    kubernetes: dict[str, ClusterSettings] = struct_field(default_factory=dict)
    webhooks: dict[str, HookSettings] = struct_field(default_factory=dict)
    aws: AwsSettings | None = None


def read_scaling_file(path: str) -> ScalingFile:
    """The file at `path` ("": nothing is configured). Raises SetupError that says what is wrong."""
    if not path:
        return ScalingFile()
    return scaling_file(loaded_toml(path, SETTING), path)


def scaling_file(loaded: Mapping[str, Any], path: str = "") -> ScalingFile:
    """A parsed file. Raises SetupError."""
    sections = {"pools": PoolSettings, "kubernetes": ClusterSettings, "webhooks": HookSettings}
    found = typed_toml(loaded, ScalingFile, sections, SETTING, path, strict=False)
    for name, pool in found.pools.items():
        _check_pool(name, pool)
    return found


def _check_pool(name: str, pool: PoolSettings) -> None:
    """Raises SetupError for numbers that cannot work."""
    problems = {
        "command must name a program": bool(pool.command),
        "zones must name one or more, each once": 0 < len(pool.zones) == len(set(pool.zones)),
        "health_every_s must be above 0": pool.health_every_s > 0,
        "health_failures must be 1 or more": pool.health_failures >= 1,
        "concurrency must be 1 or more": pool.concurrency >= 1,
        "expected 0 ≤ least ≤ most": 0 <= pool.least <= pool.most,
        "listen must be host:port": pool.listen.rpartition(":")[2].isdigit(),
    }
    for problem, fine in problems.items():
        if not fine:
            raise SetupError(f"cannot run the pool {name!r} of TRIMTAB_SCALING_FILE: {problem}")
