"""Inference: load generation, capacity curves and the sizing of endpoints."""
