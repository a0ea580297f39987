"""Kinds and terms of commitments in words."""

_KINDS = {
    "EC2_INSTANCE_SP": "EC2 Instance Savings Plan",
    "COMPUTE_SP": "Compute Savings Plan",
    "SAGEMAKER_SP": "SageMaker Savings Plan",
    "DATABASE_SP": "Database Savings Plan",
    "GOOGLE_FLEXIBLE_CUD": "Flexible committed use discount",
    "AZURE_COMPUTE_SP": "Azure savings plan",
}


def words_of(kind: str) -> str:
    """A kind of commitment."""
    return _KINDS.get(kind, kind)


def is_plan(kind: str) -> bool:
    """Whether it commits to spend an hour, not to machines."""
    return kind in _KINDS


def units_of(scope: str) -> str:
    """What is reserved for a scope such as `N2 vCPU in us-central1`: vCPUs, GiB of memory, GPUs, machines."""
    what = scope.partition(" in ")[0].rpartition(" ")[2]
    return {"vCPU": "vCPUs", "memory": "GiB of memory", "GPU": "GPUs"}.get(what, "machines")


def term_of(years: int, payment: str) -> str:
    """For how long, and what is paid when it begins: "3 years, no upfront"."""
    return f"{years} year{'s' if years > 1 else ''}, {payment.replace('_', ' ').lower()}"
