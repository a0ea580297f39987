"""Faults of GPUs, the runs that they ended or slowed and what that cost; machines that fail too often; what to do."""
