"""Counters of InfiniBand and RoCE ports, cumulative, as Linux has them under /sys/class/infiniband.

Sources: the kernel's ABI (sysfs-class-infiniband) for `counters`; NVIDIA's "Understanding mlx5 Linux counters" for
`hw_counters`. Counters of data are in units of four bytes.
"""

from collections.abc import Iterator
from pathlib import Path

from trimtab.agent.reading import Attributes, Reading

_WORDS = 4  # bytes of a unit of port_xmit_data and port_rcv_data
_IO = (("transmit", "port_xmit_data"), ("receive", "port_rcv_data"))
ERRORS = (
    "link_downed", "link_error_recovery", "symbol_error", "port_rcv_errors", "port_rcv_remote_physical_errors",
    "port_xmit_discards", "local_link_integrity_errors", "excessive_buffer_overrun_errors", "VL15_dropped",
)  # fmt: skip
"""Of a port: each is an `error.type` of `infiniband.port.errors`."""
HW_ERRORS = (
    "out_of_sequence", "packet_seq_err", "local_ack_timeout_err", "rnr_nak_retry_err", "out_of_buffer",
    "rx_icrc_encapsulated", "roce_slow_restart", "implied_nak_seq_err", "req_cqe_error", "resp_cqe_error",
)  # fmt: skip
"""Of the transport, where the card counts them: mlx5's `hw_counters`."""
CONGESTION = ("port_xmit_wait", "np_cnp_sent", "rp_cnp_handled", "np_ecn_marked_roce_packets")
"""Signs of congestion: ticks in which data waited, and notifications of it that were sent and heeded."""


def readings(sysfs: Path, boot_ms: int) -> list[Reading]:
    """The counters of every port; none where the machine has no such card. A counter that cannot be read is left
    out."""
    ports = sorted((sysfs / "class" / "infiniband").glob("*/ports/*"))
    return [one for port in ports for one in _of_port(port, boot_ms)]


def _of_port(port: Path, boot_ms: int) -> Iterator[Reading]:
    about: Attributes = (("infiniband.device", port.parent.parent.name), ("infiniband.port", port.name))
    for direction, name in _IO:
        value = _number(port / "counters" / name)
        if value is not None:
            at = (*about, ("network.io.direction", direction))
            yield Reading("infiniband.port.io", "By", value * _WORDS, at, boot_ms)
    for folder, names in (("counters", ERRORS), ("hw_counters", HW_ERRORS)):
        for name in names:
            value = _number(port / folder / name)
            if value is not None:
                yield Reading("infiniband.port.errors", "{error}", value, (*about, ("error.type", name)), boot_ms)
    for name in CONGESTION:
        value = _number(port / "counters" / name)
        if value is None:
            value = _number(port / "hw_counters" / name)
        if value is not None:
            at = (*about, ("infiniband.congestion.type", name))
            yield Reading("infiniband.port.congestion", "1", value, at, boot_ms)
    state = _number(port / "state")
    if state is not None:
        yield Reading("infiniband.port.up", "1", int(state == _ACTIVE), about)


_ACTIVE = 4
"""`4: ACTIVE`, of the states of a port."""


def _number(path: Path) -> int | None:
    """The number that a file begins with; None where it cannot be read."""
    try:
        return int(path.read_text(encoding="ascii").partition(":")[0])
    except (OSError, ValueError):
        return None
