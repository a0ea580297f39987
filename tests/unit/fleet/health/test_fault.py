"""How bad a fault is, and what several sources tell as one."""

import pytest
from tests.unit.fleet.health.cluster import at, fault

from trimtab.base.records import replace
from trimtab.fleet.health.fault import FaultKind, Severity, judged, merged


@pytest.mark.parametrize(
    ("kind", "code", "severity", "action"),
    [
        (FaultKind.XID, 79, Severity.FATAL, "RESTART_BM"),
        (FaultKind.XID, 48, Severity.FATAL, "RESET_GPU"),
        (FaultKind.XID, 94, Severity.FATAL, "RESTART_APP"),
        (FaultKind.XID, 63, Severity.DEGRADED, "IGNORE"),
        (FaultKind.XID, 31, Severity.APPLICATION, "RESTART_APP"),
        (FaultKind.XID, 145, Severity.DEGRADED, ""),
        (FaultKind.XID, 4711, Severity.NOTICE, ""),
        (FaultKind.SXID, 10003, Severity.FATAL, "RESET_GPU"),
        (FaultKind.SXID, 1, Severity.NOTICE, ""),
        (FaultKind.ECC, None, Severity.FATAL, "RESET_GPU"),
        (FaultKind.ROWS_PENDING, None, Severity.DEGRADED, "RESET_GPU"),
        (FaultKind.INFINIBAND, None, Severity.FATAL, ""),
        (FaultKind.SILENT, None, Severity.FATAL, "RESTART_BM"),
    ],
)
def test_a_fault_is_as_bad_as_the_catalogue_says(
    kind: FaultKind, code: int | None, severity: Severity, action: str
) -> None:
    assert (severity, action) == judged(kind, code)


def test_sources_that_tell_the_same_within_a_minute_are_one_fault_as_exact_as_the_best() -> None:
    gauge = replace(fault("n1", 0, 1.004, since=0.996), sources=("DCGM_FI_DEV_XID_ERRORS",))
    line = replace(fault("n1", 0, 1), sources=("gpu.faults",))
    (one,) = merged([gauge, line])
    assert (at(1), at(1), {"gpu.faults", "DCGM_FI_DEV_XID_ERRORS"}) == (one.since_ms, one.at_ms, {*one.sources})


def test_other_codes_devices_and_times_are_faults_of_their_own() -> None:
    told = [fault("n1", 0, 1), fault("n1", 0, 1, 48), fault("n1", 1, 1), fault("n2", 0, 1), fault("n1", 0, 1.1)]
    assert 5 == len(merged(told))


def test_a_fault_has_its_name_and_meaning() -> None:
    assert ("XID 79", "GPU has fallen off the bus") == (fault("n1", 0, 1).name, fault("n1", 0, 1).meaning)
    assert "SXID 10003" == fault("n1", None, 1, 10003, FaultKind.SXID).name
    rows = fault("n1", 0, 1, None, FaultKind.ROWS_FAILED)
    assert ("row remapping failed", "", True) == (rows.name, rows.meaning, rows.of_hardware)
