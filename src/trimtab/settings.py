"""Every setting of trimtab: its name, type, default and meaning. Nothing else reads the environment.

A setting comes from the environment (`TRIMTAB_<NAME>`), else from the TOML file that `TRIMTAB_CONFIG` names
(keys in lower case without the prefix), else from its default. `trimtab settings` lists them.
"""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import Any

from msgspec import Struct

from trimtab.base.deprecated import Deprecation, Kind, of_kind
from trimtab.base.errors import SetupError

PREFIX = "TRIMTAB_"
OFF = "off"
MOST_LABELS = 1_000
"""The highest limit of a series' labels that may be set: what the index and a page can still do with one."""


def _text(raw: str) -> str:
    return raw.strip()


def _currency(raw: str) -> str:
    code = raw.strip().upper()
    if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise ValueError("expected three letters, such as EUR")
    return code


def _flag(raw: str) -> bool:
    lowered = raw.strip().lower()
    if lowered in ("1", "true", "yes", "on"):
        return True
    if lowered in ("", "0", "false", "no", "off"):
        return False
    raise ValueError("expected 1 or 0")


def _positive(raw: str) -> int:
    number = int(raw)
    if number <= 0:
        raise ValueError("expected a whole number above 0")
    return number


def _count(raw: str) -> int:
    number = int(raw)
    if number < 0:
        raise ValueError("expected a whole number, 0 or above")
    return number


def _false_alarms(raw: str) -> int:
    number = int(raw)
    if not 1 <= number <= 2000:
        raise ValueError("expected a whole number from 1 to 2000")
    return number


def _labels(raw: str) -> int:
    number = int(raw)
    if not 0 < number <= MOST_LABELS:
        raise ValueError(f"expected a whole number from 1 to {MOST_LABELS}")
    return number


def _seconds(raw: str) -> float:
    number = float(raw)
    if not 0 < number < 86_400:
        raise ValueError("expected seconds above 0 and below 86400")
    return number


def _interval(raw: str) -> float:
    number = float(raw)
    if not 20 <= number < 86_400:
        raise ValueError("expected 20 to 86399 seconds")
    return number


def _cluster(raw: str) -> str:
    if not re.fullmatch(r"[\w.-]{0,100}", raw):
        raise ValueError("expected letters, digits, _, - and dots")
    return raw


def _path(raw: str) -> Path:
    return Path(raw).expanduser()


def _address(raw: str) -> str:
    if raw == OFF:
        return raw
    host, separator, port = raw.rpartition(":")
    if not separator or not host or not port.isdecimal() or int(port) > 65_535:
        raise ValueError("expected host:port such as 127.0.0.1:4750, or off")
    return raw


def _setting(default: Any, parse: Callable[[str], Any], help_: str, secret: bool = False) -> Any:
    return dataclass_field(default=default, metadata={"parse": parse, "help": help_, "secret": secret})


@dataclass(frozen=True)
class Settings:
    """trimtab's configuration, read once at start."""

    http_addr: str = _setting(
        "127.0.0.1:4750", _address, "Address of every HTTP door and page (host:port; port 0 takes a free one)."
    )
    otlp_http_addr: str = _setting(
        "127.0.0.1:4318", _address, "A second address for OTLP over HTTP, the one SDKs default to; off turns it off."
    )
    otlp_grpc_addr: str = _setting(
        "127.0.0.1:4317", _address, "Address of OTLP over gRPC, the one SDKs default to; off turns it off."
    )
    emf_addr: str = _setting(
        "127.0.0.1:25888",
        _address,
        "Address of the embedded metric format (TCP and UDP, loopback only: it has no credentials); off turns it off.",
    )
    statsd_addr: str = _setting(
        "127.0.0.1:8125",
        _address,
        "Address of StatsD and DogStatsD (UDP, loopback only: they have no credentials); off turns it off.",
    )
    xray_udp_addr: str = _setting(
        "127.0.0.1:2000",
        _address,
        "Address of the X-Ray daemon's protocol (UDP, and TCP for sampling; loopback only: it has no credentials); off turns it off.",
    )
    syslog_addr: str = _setting(
        "off",
        _address,
        "Address of syslog, e.g. 127.0.0.1:5514 (UDP and TCP, loopback only: it has no credentials); off turns it off.",
    )
    data_dir: Path = _setting(Path("~/.local/share/trimtab").expanduser(), _path, "Where everything durable lives.")
    account_id: str = _setting("123456789012", _text, "Account of signals whose client names none.")
    region: str = _setting("us-east-1", _text, "Region of signals whose client names none.")
    presentation_currency: str = _setting(
        "",
        _currency,
        "Currency in which amounts of several are shown together (EUR), by `trimtab costs rates`; empty: each by itself.",
    )
    clickhouse_url: str = _setting(
        "",
        _text,
        "A ClickHouse server to use instead of the embedded engine (http[s]://user:password@host:port/database).",
        secret=True,
    )
    clickhouse_cluster: str = _setting(
        "",
        _cluster,
        "Cluster of that server (a name in its remote_servers) whose shards and replicas keep the tables; empty: one server.",
    )
    clickhouse_storage_policy: str = _setting(
        "",
        _cluster,
        "Storage policy of that server, with a volume named cold, that tables cut by time are kept under; empty: the server's default.",
    )
    clickhouse_cold_days: int = _setting(
        30, _positive, "Days after which parts move to the volume cold of that policy."
    )
    state_url: str = _setting(
        "", _text, "SQLAlchemy URL of the state database; empty means SQLite in the data directory.", secret=True
    )
    state_key_file: str = _setting(
        "", _text, "File of the key that seals the secrets in the state; empty means state.key in the data directory."
    )
    tls_cert: str = _setting("", _text, "PEM certificate file; needed to listen beyond loopback.")
    tls_key: str = _setting("", _text, "PEM private key file; needed to listen beyond loopback.")
    require_auth: bool = _setting(
        False, _flag, "Ask for a key or token on loopback too. Beyond loopback it is always asked for."
    )
    allowed_hosts: str = _setting(
        "",
        _text,
        "Further Host names, separated by commas, that a server on loopback answers to (a proxy's; set TRIMTAB_REQUIRE_AUTH with it).",
    )
    oidc_issuer: str = _setting(
        "", _text, "OpenID provider that people sign in with (https://…); empty: with tokens only."
    )
    oidc_client_id: str = _setting("", _text, "Client id that the OpenID provider gave trimtab.")
    oidc_client_secret: str = _setting(
        "", _text, "Client secret that the OpenID provider gave trimtab; empty for a public client.", secret=True
    )
    oidc_redirect_url: str = _setting(
        "",
        _text,
        "Where the provider sends browsers back: https://<your host>/login/oidc/callback; empty: the host that was asked.",
    )
    oidc_scopes: str = _setting("openid email profile", _text, "Scopes to ask the OpenID provider for.")
    oidc_role_claim: str = _setting(
        "groups", _text, "Claim of the ID token that names a person's groups; dots reach into objects."
    )
    oidc_roles: str = _setting(
        "",
        _text,
        "Roles of groups: finance=ledger,admin=platform; a bar separates several groups of a role. The highest that fits counts.",
    )
    oidc_default_role: str = _setting(
        "", _text, "Role of who signs in and is in none of these groups; empty: not let in."
    )
    allow_plain_http: bool = _setting(
        False, _flag, "Listen beyond loopback without TLS (behind a proxy that ends TLS)."
    )
    allow_reset: bool = _setting(
        False, _flag, "Enable POST /rest/v1/admin/reset, which wipes everything (loopback only; for test suites)."
    )
    log_level: str = _setting("info", _text, "How much the server logs: debug, info, warning or error.")
    agent: bool = _setting(True, _flag, "Run the local agent beside the server in `trimtab up`.")
    agent_interval_s: float = _setting(10.0, _seconds, "Seconds between two collections of the agent.")
    agent_log_files: str = _setting(
        "",
        _text,
        "Log files that the agent follows: [GROUP=]GLOB, separated by commas, or a .toml file with one [[file]] a set.",
    )
    engine_memory_mb: int = _setting(4096, _positive, "Memory the embedded engine may use, in MiB.")
    engine_threads: int = _setting(2, _positive, "Threads one query of the engine may use.")
    server_memory_mb: int = _setting(
        3072,
        _positive,
        "Memory of the server (MiB) past which it takes no new series and few bodies at a time; the jobs process warns at the same.",
    )
    query_timeout_s: float = _setting(30.0, _seconds, "Seconds after which a read is stopped.")
    max_labels_per_series: int = _setting(
        40, _labels, "Labels (dimensions) a new series may have, its name not counted: at most 1,000."
    )
    max_label_name_length: int = _setting(1024, _positive, "Characters of a label's name that a new series may have.")
    max_label_value_length: int = _setting(2048, _positive, "Characters of a label's value that a new series may have.")
    max_series_per_account: int = _setting(
        1_000_000,
        _positive,
        "Series with a point in the last 15 days that an account may have; 0.9 kB of memory each, in two processes.",
    )
    max_spans_per_trace: int = _setting(50_000, _positive, "Spans that a trace may have; those beyond are refused.")
    max_connections: int = _setting(
        20_000, _positive, "HTTP connections at once, at most what the process may open as files; further ones get 503."
    )
    idle_timeout_s: float = _setting(
        75.0, _seconds, "Seconds after which an HTTP connection without a request is closed."
    )
    slow_timeout_s: float = _setting(
        30.0,
        _seconds,
        "Seconds in which the head of a request must come, and some of a body or of an answer must move; else it is closed.",
    )
    inflight_mb: int = _setting(
        256,
        _positive,
        "Memory that bodies of requests under way may hold, sent and unpacked (MiB), half of it by one door; past it 429.",
    )
    wal_limit_mb: int = _setting(
        1024, _positive, "Size at which the log of acknowledged, not yet stored batches refuses more (MiB)."
    )
    disk_reserve_mb: int = _setting(256, _positive, "Free disk below which ingest answers 'disk full' (MiB).")
    retention_raw_days: int = _setting(
        15, _positive, "Days for which points are kept as they came (rolled up before they are dropped)."
    )
    retention_1m_days: int = _setting(
        15, _positive, "Days for which values by the minute are kept: rollups are written where raw points go earlier."
    )
    retention_5m_days: int = _setting(63, _positive, "Days for which 5-minute rollups are kept.")
    retention_1h_days: int = _setting(455, _positive, "Days for which 1-hour rollups are kept.")
    retention_traces_days: int = _setting(30, _positive, "Days for which spans are kept.")
    api_prices: str = _setting(
        "",
        _text,
        "File of own rates of models' APIs, or a newer book of prices; it goes before the one that comes with trimtab.",
    )
    batch_buckets: str = _setting(
        "",
        _text,
        "Buckets that are folders of this machine for jobs and captured invocations, e.g. records=/data/records,answers=/data/answers; others are S3's.",
    )
    delivery_streams: str = _setting(
        "",
        _text,
        "Where what is sent to delivery streams (Firehose) goes, by name: metrics=s3://bucket/prefix,hook=https://example.com/in,local=folder:metrics.",
    )
    batch_file: str = _setting(
        "",
        _text,
        "TOML file that names the queues and commands which jobs of AWS Batch's and SageMaker's APIs may run; empty: none (see the guides of batch jobs and SageMaker).",
    )
    quicksight_sources: str = _setting(
        "",
        _text,
        "What data sources of QuickSight may read beside trimtab's own tables: s3://bucket/prefix and postgresql://host:port/database places, separated by commas; empty: nothing.",
    )
    audit_watch: str = _setting(
        "", _text, "Folders and s3://bucket/prefix places, separated by commas, whose new CloudTrail files are read."
    )
    audit_delivery: str = _setting(
        "",
        _text,
        "Where trails deliver: s3 (to the bucket itself), or a folder with one for each bucket; empty: in the data directory.",
    )
    retention_runs_days: int = _setting(455, _positive, "Days for which runs are kept after their end.")
    retention_anomalies_days: int = _setting(455, _positive, "Days for which found anomalies are kept.")
    anomaly_series: int = _setting(
        10_000,
        _count,
        "Series that the always-on anomaly detector watches at most (60 kB of memory each); 0 turns it off.",
    )
    anomaly_false_alarms: int = _setting(
        1500,
        _false_alarms,
        "Anomalies a week that a thousand watched series may raise though nothing happened to them, 1 to 2,000.",
    )
    retention_notifications_days: int = _setting(
        30, _positive, "Days for which the delivery log keeps what is finished."
    )
    public_url: str = _setting(
        "", _text, "Address of this server in the links of notifications; empty means http://<http_addr>."
    )
    grafana_url: str = _setting(
        "", _text, "Your Grafana, which has what `trimtab grafana export` wrote: dashboards link to it and it to them."
    )
    notify_give_up_days: int = _setting(
        7, _positive, "Days after which a notification that its receiver did not take is given up, and says so."
    )
    self_metrics: bool = _setting(
        True, _flag, "Keep trimtab's own metrics as series of the namespace trimtab/Self, which alarms can watch."
    )
    heartbeat_url: str = _setting(
        "",
        _text,
        "URL that is asked (GET) again and again while alarms are evaluated in time: a dead man's switch, such as https://hc-ping.com/….",
        secret=True,
    )
    heartbeat_interval_s: float = _setting(
        60.0, _interval, "Seconds between two heartbeats, 20 or more: let the receiver wait for two."
    )
    notify_command: str = _setting(
        "",
        _text,
        "Command that the channel `desktop` runs, such as: notify-send -- {title} {text} (no shell; JSON on standard input).",
    )
    notify_command_events: str = _setting(
        "alarm.*,alert.*",
        _text,
        "Kinds of events that the channel `desktop` gets, separated by commas; * ends a pattern.",
    )
    scaling_file: str = _setting(
        "",
        _text,
        "TOML file that names the pools, clusters, webhooks and AWS resources that may be scaled (see the guide of scaling).",
    )
    connect_commands: bool = _setting(
        False, _flag, "Let administrators read SLURM from the page Connect, which runs sacct, scontrol and squeue here."
    )
    trigger_commands: str = _setting(
        "",
        _text,
        "TOML file that names the commands which event rules may start, each with its limits (see the guide of event rules).",
    )
    owner_stop_pipeline: str = _setting(
        "",
        _text,
        "Pipeline that stops what an owner asked to stop, once that is approved: its name; empty: nothing can be stopped.",
    )
    retention_events_days: int = _setting(
        30, _positive, "Days for which deliveries of event rules are kept once they are finished."
    )
    smtp_url: str = _setting(
        "", _text, "Mail server: smtp://user:password@host:587, smtps://… or smtp+plain://…", secret=True
    )
    smtp_from: str = _setting("", _text, "Sender of mail, such as trimtab@example.com.")
    token: str = _setting("", _text, "Token that the CLI, the client and the agent present to the server.", secret=True)
    url: str = _setting(
        "", _text, "Server that the CLI, the client and the agent talk to; empty means http://<http_addr>."
    )
    run: str = _setting(
        "", _text, "Run that a training program is, for the callbacks; empty: SLURM's job, else the pod."
    )
    run_cluster: str = _setting("", _text, "Cluster of that run; empty: SLURM's, else the last run of that id.")


class Described(Struct, frozen=True):
    """One line of `trimtab settings`."""

    name: str
    value: str
    default: str
    help: str
    source: str


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises SetupError that names the setting, what it was and what was expected."""
    values, _ = _read(os.environ if environ is None else environ)
    return Settings(**values)


class Launched(Struct, frozen=True):
    """What a process is a part of: a run, "" where nothing names one, its cluster, and the process's rank in it."""

    job: str
    cluster: str
    rank: int


def launched(environ: Mapping[str, str] | None = None) -> Launched:
    """What launched this process, by the settings, else as SLURM, torchrun and Kubernetes tell it."""
    told = os.environ if environ is None else environ
    settings = load(told)
    job, array = told.get("SLURM_JOB_ID", ""), told.get("SLURM_ARRAY_JOB_ID", "")
    if array and told.get("SLURM_ARRAY_TASK_ID"):
        job = f"{array}_{told['SLURM_ARRAY_TASK_ID']}"
    if not job and told.get("KUBERNETES_SERVICE_HOST") and told.get("HOSTNAME"):
        job = f"{told.get('POD_NAMESPACE', 'default')}/{told['HOSTNAME']}"
    rank = told.get("RANK") or told.get("SLURM_PROCID") or "0"
    cluster = settings.run_cluster or ("" if settings.run else told.get("SLURM_CLUSTER_NAME", ""))
    return Launched(settings.run or job, cluster, int(rank) if rank.isdecimal() else 0)


def public_url(settings: Settings) -> str:
    """Where links that leave trimtab lead: `public_url`, else the address that it listens on."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    address = "127.0.0.1:4750" if settings.http_addr == OFF else settings.http_addr
    return f"{'https' if settings.tls_cert else 'http'}://{address}"


def describe(environ: Mapping[str, str] | None = None) -> list[Described]:
    """Every setting with its value now, its default and where the value came from; secrets are masked."""
    values, sources = _read(os.environ if environ is None else environ)
    rows = []
    for item in fields(Settings):
        value = values.get(item.name, item.default)
        shown = "•••" if item.metadata["secret"] and value else str(value)
        rows.append(
            Described(
                PREFIX + item.name.upper(),
                shown,
                str(item.default),
                item.metadata["help"],
                sources.get(item.name, "default"),
            )
        )
    return rows


def child_environment(settings: Settings) -> dict[str, str]:
    """The environment that hands `settings` to a child process unchanged."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    for item in fields(Settings):
        value = getattr(settings, item.name)
        inherited[PREFIX + item.name.upper()] = str(int(value)) if isinstance(value, bool) else str(value)
    return inherited


def _read(environ: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    file_values = _read_file(environ.get(PREFIX + "CONFIG", ""))
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    known = {item.name: item for item in fields(Settings)}
    unknown = set(file_values) - set(known) - {_key(name) for name in of_kind(Kind.SETTING)}
    if unknown:
        raise SetupError(
            f"cannot use config file: unknown setting {sorted(unknown)[0]!r}; `trimtab settings` lists the known ones"
        )
    for name, item in known.items():
        variable = PREFIX + name.upper()
        raw = environ.get(variable, file_values.get(name))
        if raw is None:
            continue
        try:
            values[name] = item.metadata["parse"](raw)
        except ValueError as problem:
            raise SetupError(f"cannot use {variable}: got {raw!r}; {problem}") from None
        sources[name] = "environment" if variable in environ else "config file"
    return values, sources


def deprecated(environ: Mapping[str, str] | None = None) -> list[Deprecation]:
    """The settings that are set here, by the environment or the file, and go with a later version."""
    told = os.environ if environ is None else environ
    file_values = _read_file(told.get(PREFIX + "CONFIG", ""))
    return [one for name, one in of_kind(Kind.SETTING).items() if name in told or _key(name) in file_values]


def _key(name: str) -> str:
    """A setting's name in the file."""
    return name.removeprefix(PREFIX).lower()


def _read_file(path: str) -> dict[str, str]:
    if not path:
        return {}
    try:
        with Path(path).expanduser().open("rb") as handle:
            loaded = tomllib.load(handle)
    except (OSError, tomllib.TOMLDecodeError) as problem:
        raise SetupError(f"cannot read config file {path}: {problem}") from None
    return {key: str(int(value)) if isinstance(value, bool) else str(value) for key, value in loaded.items()}
