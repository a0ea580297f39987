"""Which endpoints to scrape: a file in the form of Prometheus's own, as far as an agent needs it, or a list of targets.

    global: {scrape_interval: 15s, external_labels: {cluster: a}}
    scrape_configs:
      - job_name: dcgm
        static_configs: [{targets: ["127.0.0.1:9400"], labels: {rack: r1}}]
        file_sd_configs: [{files: ["/etc/trimtab/targets/*.json"]}]

A key that is not known is refused, as Prometheus does: relabelling, say, must not be ignored in silence.
"""

import glob
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from msgspec import Meta, Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput, SetupError
from trimtab.base.timerange import parse_duration_ms

_NAME = Annotated[str, Meta(pattern="^[a-zA-Z_][a-zA-Z0-9_]*$")]
Labels = dict[_NAME, str]
_LEAST_S = 0.1


class Global(Struct, forbid_unknown_fields=True):
    """What holds for every job that does not say otherwise."""

    scrape_interval: str = "15s"
    scrape_timeout: str = "10s"
    external_labels: Labels = {}


class Group(Struct, forbid_unknown_fields=True):
    """Targets (host:port) that carry the same further labels."""

    targets: list[str]
    labels: Labels = {}


class Files(Struct, forbid_unknown_fields=True):
    """Files of target groups, by name or pattern, JSON or YAML; read again when they change."""

    files: list[str]
    refresh_interval: str = ""


class BasicAuth(Struct, forbid_unknown_fields=True):
    """User and password."""

    username: str
    password: str = ""
    password_file: str = ""


class Authorization(Struct, forbid_unknown_fields=True):
    """The Authorization header."""

    type: str = "Bearer"
    credentials: str = ""
    credentials_file: str = ""


class Tls(Struct, frozen=True, forbid_unknown_fields=True):
    """How to trust an https target, and what to show it."""

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    insecure_skip_verify: bool = False


class Job(Struct, forbid_unknown_fields=True):
    """One kind of target."""

    job_name: str
    scrape_interval: str = ""
    scrape_timeout: str = ""
    metrics_path: str = "/metrics"
    scheme: str = "http"
    params: dict[str, list[str]] = {}
    honor_labels: bool = False
    honor_timestamps: bool = True
    static_configs: list[Group] = []
    file_sd_configs: list[Files] = []
    basic_auth: BasicAuth | None = None
    authorization: Authorization | None = None
    bearer_token_file: str = ""
    tls_config: Tls = Tls()


class Config(Struct, forbid_unknown_fields=True):
    """A whole file. `global` is a word of Python's."""

    scrape_configs: list[Job] = []
    defaults: Global = msgspec.field(default_factory=Global, name="global")


@dataclass(frozen=True)
class Target:
    """One endpoint, whole: two that are equal are the same target with the same settings."""

    job: str
    scheme: str
    address: str
    path: str
    labels: tuple[tuple[str, str], ...]
    """job, instance and what the file adds; they go on every series."""
    interval_s: float
    timeout_s: float
    honor_labels: bool
    honor_timestamps: bool
    basic: tuple[str, str, str] | None = None
    """User, password, password file."""
    authorization: tuple[str, str, str] | None = None
    """Scheme, credentials, credentials file."""
    tls: tuple[str, str, str, bool] = ("", "", "", False)
    """Authority file, certificate file, key file, whether not to verify."""

    @property
    def url(self) -> str:
        """The address in full."""
        return f"{self.scheme}://{self.address}{self.path}"


class Loaded(Struct, frozen=True):
    """The targets of now, and every file that they came from or could come from."""

    targets: tuple[Target, ...]
    files: tuple[Path, ...]


def load(path: Path) -> Loaded:
    """Read the file. Raises SetupError that names the file and what is wrong in it."""
    raw = _decode(path, Any)
    try:
        if isinstance(raw, list):
            groups = typed.convert(raw, list[Group])
            config = Config([Job(path.stem, static_configs=groups)])
        else:
            config = typed.convert(raw, Config)
    except msgspec.ValidationError as problem:
        raise SetupError(
            f"cannot use {path}: {problem}; expected scrape_configs as in Prometheus (no relabelling), "
            "or a list of {targets, labels}"
        ) from None
    files = [path]
    try:
        targets = [one for job in config.scrape_configs for one in _targets(job, config.defaults, path.parent, files)]
    except InvalidInput as problem:
        raise SetupError(f"cannot use {path}: {problem}") from None
    return Loaded(tuple(dict.fromkeys(targets)), tuple(files))


def _decode(path: Path, type_: Any) -> Any:
    try:
        return typed.convert(msgspec.yaml.decode(path.read_bytes()), type_)  # JSON is YAML too
    except (OSError, msgspec.MsgspecError) as problem:
        raise SetupError(f"cannot read {path}: {problem}") from None


def _targets(job: Job, defaults: Global, directory: Path, files: list[Path]) -> Iterator[Target]:
    interval_s = _seconds(job.scrape_interval or defaults.scrape_interval)
    timeout_s = min(_seconds(job.scrape_timeout or defaults.scrape_timeout), interval_s)
    if job.scheme not in ("http", "https"):
        raise InvalidInput(f"cannot use scheme of job {job.job_name!r}: got {job.scheme!r}; expected http or https")
    query = urlencode(job.params, doseq=True)
    for group in (*job.static_configs, *_groups(job, directory, files)):
        for address in group.targets:
            if not address or "/" in address:
                raise InvalidInput(f"cannot use target {address!r} of job {job.job_name!r}: expected host:port")
            labels = {"job": job.job_name, "instance": address, **defaults.external_labels, **group.labels}
            yield Target(
                job=job.job_name,
                scheme=job.scheme,
                address=address,
                path=f"{job.metrics_path}?{query}" if query else job.metrics_path,
                labels=tuple(sorted((key, value) for key, value in labels.items() if not key.startswith("__"))),
                interval_s=interval_s,
                timeout_s=timeout_s,
                honor_labels=job.honor_labels,
                honor_timestamps=job.honor_timestamps,
                basic=_basic(job),
                authorization=_authorization(job),
                tls=_tls(job.tls_config),
            )


def _groups(job: Job, directory: Path, files: list[Path]) -> Iterable[Group]:
    for source in job.file_sd_configs:
        for pattern in source.files:
            for name in sorted(glob.glob(str(directory / pattern))):
                files.append(Path(name))
                try:
                    yield from _decode(Path(name), list[Group])
                except msgspec.ValidationError as problem:
                    raise SetupError(f"cannot use {name}: {problem}; expected a list of {{targets, labels}}") from None
            files.append(Path(directory / pattern).parent)  # its change tells of new files


def _seconds(text: str) -> float:
    seconds = parse_duration_ms(text) / 1000
    if seconds < _LEAST_S:
        raise InvalidInput(f"cannot use interval or timeout: got {text!r}; expected at least {_LEAST_S} s")
    return seconds


def _basic(job: Job) -> tuple[str, str, str] | None:
    auth = job.basic_auth
    return None if auth is None else (auth.username, auth.password, auth.password_file)


def _authorization(job: Job) -> tuple[str, str, str] | None:
    if job.bearer_token_file:
        return "Bearer", "", job.bearer_token_file
    auth = job.authorization
    return None if auth is None else (auth.type, auth.credentials, auth.credentials_file)


def _tls(tls: Tls) -> tuple[str, str, str, bool]:
    return tls.ca_file, tls.cert_file, tls.key_file, tls.insecure_skip_verify
