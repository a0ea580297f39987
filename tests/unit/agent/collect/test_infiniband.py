"""Counters of ports under /sys/class/infiniband: errors by name, bytes from units of four."""

from pathlib import Path

from trimtab.agent.collect import infiniband


def port(sysfs: Path, device: str, state: str = "4: ACTIVE", **counters: object) -> None:
    root = sysfs / "class" / "infiniband" / device / "ports" / "1"
    for folder in ("counters", "hw_counters"):
        (root / folder).mkdir(parents=True)
    (root / "state").write_text(f"{state}\n")
    for name, value in counters.items():
        folder = "hw_counters" if name in (*infiniband.HW_ERRORS, "np_cnp_sent") else "counters"
        (root / folder / name).write_text(f"{value}\n")


def told(sysfs: Path) -> dict[tuple[str, ...], tuple[float, int | None]]:
    return {
        (one.name, *(value for _, value in one.attributes)): (one.value, one.start_ms)
        for one in infiniband.readings(sysfs, 77)
    }


def test_errors_bytes_and_congestion_of_a_port(tmp_path: Path) -> None:
    port(
        tmp_path, "mlx5_0", link_downed=2, symbol_error=7, port_xmit_data=1_000, port_rcv_data=10, out_of_sequence=5,
        port_xmit_wait=9, np_cnp_sent=3,
    )  # fmt: skip
    assert {
        ("infiniband.port.io", "mlx5_0", "1", "transmit"): (4_000, 77),
        ("infiniband.port.io", "mlx5_0", "1", "receive"): (40, 77),
        ("infiniband.port.errors", "mlx5_0", "1", "link_downed"): (2, 77),
        ("infiniband.port.errors", "mlx5_0", "1", "symbol_error"): (7, 77),
        ("infiniband.port.errors", "mlx5_0", "1", "out_of_sequence"): (5, 77),
        ("infiniband.port.congestion", "mlx5_0", "1", "port_xmit_wait"): (9, 77),
        ("infiniband.port.congestion", "mlx5_0", "1", "np_cnp_sent"): (3, 77),
        ("infiniband.port.up", "mlx5_0", "1"): (1, None),
    } == told(tmp_path)


def test_a_port_that_is_down_says_so_and_what_is_no_number_is_left_out(tmp_path: Path) -> None:
    port(tmp_path, "mlx5_1", "1: DOWN", link_downed="N/A (no PMA)")
    assert {("infiniband.port.up", "mlx5_1", "1"): (0, None)} == told(tmp_path)


def test_a_machine_without_a_card_tells_nothing(tmp_path: Path) -> None:
    assert [] == infiniband.readings(tmp_path, 0)
