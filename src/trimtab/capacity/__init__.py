"""Capacity: latency-throughput curves, queueing, and the simulator of scaling."""
