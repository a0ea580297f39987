"""A check that finds one thing twice has it once: its larger finding stands, and the log says so."""

import pytest

from trimtab.advice.catalogue import catalogue
from trimtab.advice.complete import judgement
from trimtab.advice.examples import given, loss


def test_what_is_found_twice_stands_once(caplog: pytest.LogCaptureFixture) -> None:
    check = catalogue()["trimtab-gpu-hours-lost"]
    facts = given(gpu_losses=(loss("gpu-07", "drained", 5.0), loss("gpu-07", "drained", 40.0)))
    (finding,) = judgement(check, facts).findings
    assert "40.0 GPU-hours lost" in finding.summary
    assert "found coreweave" in caplog.text
    assert "twice" in caplog.text
    apart = given(gpu_losses=(loss("gpu-07", "drained", 5.0), loss("gpu-07", "XID 79", 40.0)))
    assert 2 == len(judgement(check, apart).findings)
