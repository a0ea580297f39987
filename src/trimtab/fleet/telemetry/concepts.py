"""Which series say what: each concept as metric names in order of precedence, by what exporters really send.

Sources: NVIDIA dcgm-exporter's default counters; OpenTelemetry semantic conventions 1.30 (`hw.*`, `gen_ai.*`, `http.*`,
`system.*`) and their Prometheus names; vLLM, Text Generation Inference and Triton documentation; kube-state-metrics,
node exporter and blackbox exporter; the CloudWatch agent; the metrics that SageMaker and load balancers publish.
"""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.metrics.concepts import CONCEPTS
from trimtab.metrics.model import Kind, Series, SeriesQuery


class Metric(Struct, frozen=True):
    """A metric that carries a concept. `scale` turns its values into the concept's unit. `namespace` "" is any."""

    name: str
    scale: float = 1.0
    namespace: str = ""
    where: tuple[tuple[str, str], ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """As results name it."""
        head = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return head + ("{" + ",".join(f"{key}={value}" for key, value in self.where) + "}" if self.where else "")


_SAGEMAKER, _ALB = "AWS/SageMaker", "AWS/ApplicationELB"
_MILLI, _MICRO = 1e-3, 1e-6


def _known(concept: str, basis: str = "") -> tuple[Metric, ...]:
    """The metrics of a concept of the metrics room, in its order; of one basis where that is named."""
    return tuple(
        Metric(name, alias.scale, where=alias.labels, needs=alias.needs)
        for alias in CONCEPTS[concept].aliases
        if basis in ("", alias.basis)
        for name in dict.fromkeys((alias.name, alias.name.replace(":", "_")))
    )


# -- GPUs: activity 0 to 1, best evidence first (DESIGN: SM_ACTIVE, else GR_ENGINE_ACTIVE, else GPU_UTIL)
GPU_UTIL = (
    *_known("gpu.active", "GPU_UTIL"),
    Metric("GPUUtilization", 0.01, "/aws/sagemaker/Endpoints"),
    Metric("GPUUtilization", 0.01, "/aws/sagemaker/TrainingJobs"),
    Metric("hw.gpu.utilization", needs=("hw.id",)),  # a sender that leaves hw.gpu.task out
)
ACTIVITY: tuple[tuple[str, tuple[Metric, ...]], ...] = (
    ("SM_ACTIVE", _known("gpu.active", "SM_ACTIVE")),
    ("GR_ENGINE_ACTIVE", _known("gpu.active", "GR_ENGINE_ACTIVE")),
    ("GPU_UTIL", GPU_UTIL),
)
HAMI_SHARE, HAMI_SHARE_BEFORE = "hami_container_device_utilization_ratio", "Device_utilization_desc_of_container"
"""HAMi's metric of a container, since it renamed its metrics and before; it may send both (`--legacy-metrics`)."""
PROCESS_SHARE = (Metric("process.gpu.utilization"), Metric(HAMI_SHARE, 0.01), Metric(HAMI_SHARE_BEFORE, 0.01))
"""A process's share of a GPU's SM time: the agent's (NVML), and that of HAMi's containers (0 to 100)."""
PROCESS_MEMORY = (
    Metric("process.gpu.memory.usage"),
    Metric("DCGM_FI_DEV_PROCESS_FB_USED", 2.0**20),
    Metric("nvidia_smi_compute_app_used_memory_bytes"),
    Metric("hami_vgpu_memory_used_bytes"),
)
GPU_MEMORY_USED = _known("gpu.memory.used")
GPU_MEMORY_FREE = _known("gpu.memory.free")
GPU_MEMORY_TOTAL = _known("gpu.memory.total")
GPU_TENSOR = _known("gpu.tensor")
GPU_MEMORY_BUSY = _known("gpu.memory.busy", "DRAM_ACTIVE")
GPU_FABRIC = _known("gpu.nvlink")
GPU_PCIE = (*_known("gpu.pcie.transmit"), *_known("gpu.pcie.receive"))
GPU_POWER = _known("gpu.power")
GPU_POWER_LIMIT = _known("gpu.power.limit")
GPU_ENERGY = _known("gpu.energy")
XID = _known("gpu.xid")
FAULTS, FAULT_DOWN = (Metric("gpu.faults"),), (Metric("gpu.fault.down"),)
"""What kernel-log lines tell: how often each code came, and whether it took the GPU (1) or gave it back (0)."""
FAILED = tuple(one for one in _known("gpu.failed") if one.name.startswith("hw."))
UNCORRECTABLE = (*_known("gpu.errors.uncorrected"), *(one for one in _known("gpu.failed") if one not in FAILED))
UNCORRECTED = _known("gpu.errors.uncorrected")
ROWS_FAILED = tuple(one for one in _known("gpu.failed") if one not in FAILED)
ROWS_PENDING = (Metric("DCGM_FI_DEV_ROW_REMAP_PENDING"), Metric("nvidia_smi_remapped_rows_pending"))
NVLINK_RECOVERIES = (
    Metric("hw.errors", where=(("error.type", "nvlink.recovery"),)),
    Metric("DCGM_FI_DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL"),
)
"""Times that a link had to be trained anew; errors of single packets are mended and come on healthy links too."""
INFINIBAND_DOWN = (
    Metric("node_infiniband_link_downed_total"),
    Metric("hw.errors", where=(("error.type", "link_downed"),)),
)
HW_ERRORS = (Metric("hw.errors", where=(("hw.type", "gpu"),)),)
"""All errors that the agent counts; those of XIDs name them (`error.type`: `xid.79`)."""
THROTTLED = (Metric("hw.gpu.throttled"),)
"""0 or 1, by reason (`hw.gpu.throttle.reason`)."""
THROTTLED_TIME = (
    Metric("hw.gpu.throttle.time"),
    Metric("DCGM_FI_DEV_POWER_VIOLATION", 1e-9),
    Metric("DCGM_FI_DEV_THERMAL_VIOLATION", 1e-9),
    Metric("DCGM_FI_DEV_RELIABILITY_VIOLATION", 1e-9),
    Metric("DCGM_FI_DEV_BOARD_LIMIT_VIOLATION", 1e-9),
)
"""Time in which clocks were held down; DCGM's are nanoseconds (dcgm_fields.h)."""
CORDONED = (Metric("kube_node_spec_unschedulable"), Metric("slurm_node_cpu_total", where=(("status", "drain"),)))
JOB_ON_NODE = (Metric("slurm_job_node_info"),)
POD_LABELS = "kube_pod_labels"

# -- hosts
CPU_IDLE = (
    Metric("system.cpu.utilization", where=(("cpu.mode", "idle"),)),
    Metric("system.cpu.utilization", where=(("state", "idle"),)),
    Metric("cpu_usage_idle", 0.01, "CWAgent"),
)
CPU_IDLE_SECONDS = (Metric("node_cpu_seconds_total", where=(("mode", "idle"),)),)
MEMORY_USED = (
    Metric("system.memory.utilization", where=(("system.memory.state", "used"),)),
    Metric("system.memory.utilization", where=(("state", "used"),)),
    Metric("mem_used_percent", 0.01, "CWAgent"),
)
MEMORY_AVAILABLE = (Metric("node_memory_MemAvailable_bytes"),)
MEMORY_TOTAL = (Metric("node_memory_MemTotal_bytes"),)
HOST_ALIVE = (Metric("system.uptime"), Metric("node_boot_time_seconds"))

# -- requests and tokens: counters (or histograms, whose count is read), in requests and tokens
REQUESTS = (
    Metric("gen_ai.server.request.duration"),
    Metric("http.server.request.duration"),
    Metric("http.server.duration"),
    Metric("vllm:e2e_request_latency_seconds_count"),
    Metric("tgi_request_count"),
    *_known("inference.requests"),
    Metric("http_server_request_duration_seconds_count"),
    Metric("http_server_duration_milliseconds_count"),
    Metric("http_requests_total"),
    Metric("http_request_duration_seconds_count"),
    Metric("Invocations", namespace=_SAGEMAKER),
    Metric("RequestCount", namespace=_ALB),
    Metric("gen_ai.client.operation.duration"),
)
OUTPUT_TOKENS = (
    *_known("inference.tokens.generated"),
    Metric("gen_ai.client.token.usage", where=(("gen_ai.token.type", "output"),)),
)
INPUT_TOKENS = (
    *_known("inference.tokens.prompt"),
    Metric("gen_ai.client.token.usage", where=(("gen_ai.token.type", "input"),)),
)
RECORDS = (Metric("trimtab.batch.records"), Metric("batch_records_total"), Metric("records_processed_total"))

# -- latency in seconds: OTLP histograms, `_bucket` families, or raw values
LATENCY = (
    Metric("gen_ai.server.request.duration"),
    Metric("http.server.request.duration"),
    Metric("http.server.duration", _MILLI),
    Metric("vllm:e2e_request_latency_seconds"),
    Metric("sglang:e2e_request_latency_seconds"),
    Metric("tgi_request_duration"),
    Metric("http_server_request_duration_seconds"),
    Metric("http_server_duration_milliseconds", _MILLI),
    Metric("http_request_duration_seconds"),
    Metric("ModelLatency", _MICRO, _SAGEMAKER),
    Metric("TargetResponseTime", namespace=_ALB),
    Metric("gen_ai.client.operation.duration"),
)
TTFT = (*_known("inference.first_token"), Metric("gen_ai.client.operation.time_to_first_chunk"))
INTER_TOKEN = (*_known("inference.inter_token"), Metric("gen_ai.client.operation.time_per_output_chunk"))

# -- failures: the names of failure counters beside their request counters, and status labels on one counter
FAILURE_PAIRS: tuple[tuple[tuple[str, ...], tuple[Metric, ...], bool], ...] = (
    # (failure metrics, total metrics, whether the total lacks the failures)
    (("nv_inference_request_failure",), (Metric("nv_inference_request_success"),), True),
    (("tgi_request_failure", "tgi_request_failure_total"), (Metric("tgi_request_count"),), False),
    (("Invocation5XXErrors",), (Metric("Invocations", namespace=_SAGEMAKER),), False),
    (("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"), (Metric("RequestCount", namespace=_ALB),), False),
)
STATUS_LABELS = (
    "http.response.status_code",
    "http_response_status_code",
    "http_status_code",
    "code",
    "status",
    "status_code",
    "http_status",
)
HANDLER_LABELS = ("handler", "route", "path", "http.route", "http_route")
NOT_SERVED = frozenset({"/metrics", "/health", "/healthz", "/ping", "/ready", "/readyz", "/livez", "/v1/health"})
"""Handlers that answer whoever watches rather than users."""
ERROR_LABELS = ("error.type", "error_type")
PROBE = (Metric("probe.success"), Metric("probe_success"))

# -- load: what is being worked on at once, and replicas
IN_FLIGHT = (
    *_known("inference.running"),
    Metric("http.server.active_requests"),
    Metric("http_server_active_requests"),
)


def is_edge(metric: Metric) -> bool:
    """Whether a metric tells of requests as callers or load balancers see them, which the servers count too."""
    return metric.name.startswith("gen_ai.client.") or metric.namespace == _ALB


class Found(Struct, frozen=True):
    """A series that carries a concept, and the metric by which it was found."""

    series: Series
    metric: Metric


class Registry(Protocol):
    """What KPIs ask of `metrics.registry.SeriesRegistry`."""

    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        """The series that match."""
        ...


class Finder(Struct, frozen=True):
    """Finds the series of concepts that had points since `since_ms`, within a scope."""

    registry: Registry
    scope: Scope
    since_ms: int

    def all(self, metrics: Sequence[Metric], kinds: frozenset[Kind] | None = None) -> list[Found]:
        """Every series of every one of `metrics`, in their order."""
        return [Found(series, metric) for metric in metrics for series in self._series(metric, kinds)]

    def named(self, name: str) -> list[Found]:
        """Every series of the metric `name`."""
        return self.all((Metric(name),))

    def _series(self, metric: Metric, kinds: frozenset[Kind] | None) -> list[Series]:
        query = SeriesQuery(
            namespace=metric.namespace or None,
            name=metric.name,
            dimensions=tuple(sorted(metric.where)),
            dimension_names=metric.needs,
            kinds=kinds,
            active_since_ms=self.since_ms,
        )
        return self.registry.find(self.scope, query)


def looked_for(metrics: Sequence[Metric]) -> str:
    """A reason for there being nothing: the names that were looked for."""
    names = list(dict.fromkeys(metric.name for metric in metrics))
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return f"no series of {shown} with data in the range"
