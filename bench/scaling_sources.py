"""Demand from many kinds of data, as sources of which one at a time is left out: services, and what else has loads.

What is asked of a service is rare among public data, so what services and machines report of themselves stands in for
it: KPIs of services (`anomaly_more`), CPU use of VMs (`cpu_more`) and the other series of NAB. Each is a load a minute.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from cpu_series import read_cpu
from labelled_series import read_labelled
from nab_files import read_files
from scaling_folds import DAY, Case
from scaling_traces import (
    DEMAND_NAMES,
    Array,
    alibaba_dlrm,
    alibaba_genai,
    alibaba_gpu,
    azure,
    bizitobs,
    minutes_of,
    nab,
)

LEAST, KPI_MOST = 10, 60 * 1440
"""Minutes of a history: shorter ones say nothing; two months of a KPI are enough."""
APPS = 30
"""Services of recommenders: the largest."""


def _kpis(directory: Path) -> Iterator[tuple[str, Array]]:
    for one in read_labelled(directory):
        if one.values.shape[1] == 1 and one.values.min() >= 0.0:
            yield one.name, minutes_of(one.times.astype(np.float64), one.values[:, 0])[:KPI_MOST]


def _recommenders(directory: Path) -> Iterator[tuple[str, Array]]:
    """Those that lived for more than a day."""
    return (one for one in alibaba_dlrm(directory, APPS) if len(one[1]) > DAY)


def _machines(directory: Path) -> Iterator[tuple[str, Array]]:
    for one in read_cpu(directory)[0]:
        if one.source == "bitbrains":
            yield one.file.name, minutes_of(one.file.times / 1000.0, one.file.values)


def _others(directory: Path) -> Iterator[tuple[str, Array]]:
    for file in read_files(directory):
        if not DEMAND_NAMES.search(file.name) and "artificial" not in file.name and file.values.min() >= 0.0:
            yield file.name, minutes_of(file.times / 1000.0, file.values)


READERS: Mapping[str, tuple[str, Callable[[Path], Iterator[tuple[str, Array]]]]] = {
    "nab": ("nab", nab),
    "nab/others": ("nab", _others),
    "azure": ("azure_llm_2023", azure),
    "bizitobs": ("bizitobs", bizitobs),
    "genai": ("alibaba_genai_v2026", alibaba_genai),
    "dlrm": ("alibaba_dlrm_v2025", _recommenders),
    "gpus": ("alibaba_gpu_v2023", alibaba_gpu),
    "kpis": ("anomaly_more", _kpis),
    "machines": ("cpu_more", _machines),
}


def read_sources(directory: Path) -> dict[str, list[Case]]:
    """The sources whose folders are there; the tweets of NAB are one of their own."""
    sources: dict[str, list[Case]] = {}
    for source, (folder, read) in READERS.items():
        if not (directory / folder).is_dir():
            continue
        for name, demand in read(directory / folder):
            if len(demand) >= LEAST and demand.max() > 0:
                of = "nab/tweets" if name.startswith("Twitter") else source
                sources.setdefault(of, []).append(Case.of(of, name, demand))
    return sources
