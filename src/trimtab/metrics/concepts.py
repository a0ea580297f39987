"""The table behind `aliases.py`: every concept by its name, and labels that drifted.

Sources of the names, and the letters by which comments call them: [d] NVIDIA's dcgm-exporter, its counter lists of
2025; [a] trimtab's agent (OpenTelemetry's conventions hw.*, system.*); [c] the CloudWatch agent (CWAgent); [s] the
exporter of nvidia-smi (nvidia_gpu_exporter); [m] AMD's device-metrics-exporter; [h] HAMi's monitor, since it renamed
its metrics (2026) and before; [n] node exporter; [v] vLLM, its V0 and V1 engines; [t] Text Generation Inference;
[r] Triton; [g] SGLang; [o] OpenTelemetry's semantic conventions.
"""

from collections.abc import Mapping

from trimtab.metrics.concept import Concept
from trimtab.metrics.gpu_concepts import GPU_CONCEPTS
from trimtab.metrics.service_concepts import HOST_CONCEPTS, SERVER_CONCEPTS

LABELS: Mapping[str, tuple[str, ...]] = {
    "gpu.uuid": (
        "gpu.uuid",
        "UUID",
        "gpu_uuid",
        "uuid",
        "device_uuid",
        "deviceuuid",
        "hw.id",
    ),  # [a] [d] [r] [s] [h] [o]
    "gpu.index": ("gpu.number", "gpu", "index", "gpu_id", "device_index", "deviceidx"),  # [a] [d] [c] [m] [h]
    "gpu.model": (
        "hw.name",
        "modelName",
        "name",
        "card_series",
        "device_type",
        "devicetype",
    ),  # [a] [d] [c] [s] [m] [h]
    "mig": ("gpu.mig.instance", "GPU_I_ID"),  # [a] [d]
    "host": (
        "host.name",
        "hostname",
        "Hostname",
        "k8s.node.name",
        "node",
        "nodeid",
        "host",
        "instance",
    ),  # [d] since 4.2
    "server": ("service.instance.id", "instance"),
    "pod": ("k8s.pod.name", "exported_pod", "pod"),
    "namespace": ("k8s.namespace.name", "exported_namespace", "namespace"),
    "model": ("model_name", "model", "gen_ai.request.model"),  # [v] [g]; [r]; [o]
}
"""A meaning of a dimension and the dimensions that carry it, the most exact first."""

CONCEPTS: Mapping[str, Concept] = {one.name: one for one in (*GPU_CONCEPTS, *HOST_CONCEPTS, *SERVER_CONCEPTS)}
"""Every concept by its name."""
