"""Kinds and terms of commitments in words."""

_KINDS = {
    "EC2_INSTANCE_SP": "EC2 Instance Savings Plan",
    "COMPUTE_SP": "Compute Savings Plan",
    "SAGEMAKER_SP": "SageMaker Savings Plan",
    "DATABASE_SP": "Database Savings Plan",
}


def words_of(kind: str) -> str:
    """A kind of commitment."""
    return _KINDS.get(kind, kind)


def term_of(years: int, payment: str) -> str:
    """For how long, and what is paid when it begins: "3 years, no upfront"."""
    return f"{years} year{'s' if years > 1 else ''}, {payment.replace('_', ' ').lower()}"
