"""trimtab's own metrics, scraped from `/metrics` and sent on as the company's Prometheus would: they are real."""

import math
from collections.abc import Iterator, Mapping

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from trimtab.demo import remote_write
from trimtab.demo.block import Block
from trimtab.demo.company import TRAINING
from trimtab.demo.simulation import Shipment

JOB = {"job": "trimtab", "instance": "trimtab:4750", "cluster": TRAINING.cluster}
"""What that Prometheus adds to every series; the address is that of the company's server, not of this machine."""
_KEPT = ("trimtab_", "process_")


def introduction(text: str) -> Shipment:
    """Which of the families in `text` are counters."""
    kinds = [
        (f"{family.name}_total" if family.type == "counter" else family.name, family.type == "counter")
        for family in text_string_to_metric_families(text)
        if family.name.startswith(_KEPT)
    ]
    return Shipment(TRAINING.id, remote_write.PATH, remote_write.metadata(kinds), 0)


def scrape(text: str, at_ms: int) -> Iterator[Shipment]:
    """The samples in `text`, Prometheus's text format, as seen at `at_ms`."""
    found = [(labels, value) for labels, value in _samples(text) if math.isfinite(value)]
    block = Block(
        TRAINING.id,
        [remote_write.series_head(labels) for labels, _ in found],
        np.array([at_ms], np.int64),
        np.array([[value] for _, value in found]),
    )
    for body, samples in remote_write.bodies([block] if found else []):
        yield Shipment(TRAINING.id, remote_write.PATH, body, samples)


def _samples(text: str) -> Iterator[tuple[Mapping[str, str], float]]:
    for family in text_string_to_metric_families(text):
        if family.name.startswith(_KEPT):
            for sample in family.samples:
                yield {**sample.labels, **JOB, "__name__": sample.name}, sample.value
