"""CloudWatch Synthetics: canaries, and their runs."""
