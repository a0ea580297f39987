"""The tables of NVIDIA's faults: how many, which take a GPU, and what they ask for."""

from trimtab.gpu_faults import catalogue
from trimtab.gpu_faults.catalogue import Takes

FATAL = {46, 62, 64, 79, 95, 109, 110, 119, 120, 136, 140, 143, 151, 155, 156, 158}


def test_every_xid_is_known() -> None:
    assert sorted(catalogue.xids()) == list(range(1, 173))
    assert catalogue.fatal_xids() == FATAL
    assert {code for code, xid in catalogue.xids().items() if xid.action in catalogue.RESETS} == FATAL
    assert {code for code, xid in catalogue.xids().items() if xid.takes is Takes.DECODE} == {
        45, 48, 74, *range(144, 151),
    }  # fmt: skip


def test_what_nvidia_does_not_state_is_not_guessed() -> None:
    unstated = catalogue.xids()[171]
    assert (unstated.action, unstated.takes) == ("", Takes.UNKNOWN)
    assert catalogue.words(unstated.action) == "not stated"


def test_an_idle_gpu_is_down_after_a_double_bit_error_and_after_an_error_of_nvlink() -> None:
    assert catalogue.down_while_idle() == FATAL | {48, 74}


def test_faults_have_words() -> None:
    assert catalogue.meaning(79) == "GPU has fallen off the bus"
    assert catalogue.meaning(1) == "", "NVIDIA calls it unused"
    assert catalogue.meaning(4711) == ""
    assert catalogue.words("RESET_GPU") == "drain the machine and reset the GPU"
    assert catalogue.words("INVESTIGATE_SW") == "INVESTIGATE_SW"
    assert (catalogue.label(79), catalogue.label(74)) == ("XID 79", "NVLink (XID 74)")


def test_switches() -> None:
    assert len(catalogue.sxids()) == 93
    assert catalogue.sxids()[10003].fatal == "always"
    assert catalogue.sxids()[12028].fatal == "no"
    assert catalogue.sxids()[20034].fatal == "can be"


def test_nvlink_rows_cover_seven_xids() -> None:
    assert {row.xid for row in catalogue.nvlink_errors()} == set(range(144, 151))
    assert [row.action for row in catalogue.decoded(146, "TLW_CTRL", "0x4")] == ["RESET_GPU"]
    assert catalogue.decoded(146, "SAW_EGR", "0x4") == ()
