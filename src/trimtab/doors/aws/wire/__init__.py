"""Bytes ↔ dicts for the AWS protocols, driven by botocore's service models. One protocol a file."""
