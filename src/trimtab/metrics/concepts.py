"""The table behind `aliases.py`: every concept by its name, and labels that drifted.

Sources of the names, and the letters by which comments call them: [d] NVIDIA's dcgm-exporter, its counter lists of
2025; [a] trimtab's agent (OpenTelemetry's conventions hw.*, system.*); [c] the CloudWatch agent (CWAgent); [s] the
exporter of nvidia-smi (nvidia_gpu_exporter); [n] node exporter; [v] vLLM, its V0 and V1 engines; [t] Text Generation
Inference; [r] Triton; [g] SGLang; [o] OpenTelemetry's semantic conventions.
"""

from collections.abc import Mapping

from trimtab.metrics.concept import Concept
from trimtab.metrics.gpu_concepts import GPU_CONCEPTS
from trimtab.metrics.service_concepts import HOST_CONCEPTS, SERVER_CONCEPTS

LABELS: Mapping[str, tuple[str, ...]] = {
    "gpu.uuid": ("gpu.uuid", "UUID", "gpu_uuid", "uuid", "hw.id"),  # [a] [d] [r] [s] [o]
    "gpu.index": ("gpu.number", "gpu", "index"),  # [a] [d] [c]
    "gpu.model": ("hw.name", "modelName", "name"),  # [a] [d] [c] [s]
    "mig": ("gpu.mig.instance", "GPU_I_ID"),  # [a] [d]
    "host": ("host.name", "hostname", "Hostname", "k8s.node.name", "node", "host", "instance"),  # [d] since 4.2, before
    "server": ("service.instance.id", "instance"),
    "pod": ("k8s.pod.name", "exported_pod", "pod"),
    "namespace": ("k8s.namespace.name", "exported_namespace", "namespace"),
    "model": ("model_name", "model", "gen_ai.request.model"),  # [v] [g]; [r]; [o]
}
"""A meaning of a dimension and the dimensions that carry it, the most exact first."""

CONCEPTS: Mapping[str, Concept] = {one.name: one for one in (*GPU_CONCEPTS, *HOST_CONCEPTS, *SERVER_CONCEPTS)}
"""Every concept by its name."""
