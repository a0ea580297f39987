"""What `trimtab up` starts its processes with."""

import signal
import sys
from pathlib import Path

from trimtab.base.clock import SystemClock
from trimtab.settings import Settings
from trimtab.supervisor import READY, Child, Supervisor


def test_ctrl_c_is_the_supervisors_from_the_first_moment_of_a_child(tmp_path: Path) -> None:
    """A terminal sends SIGINT to the whole group: a child that still imports would end with a traceback."""
    ours = signal.getsignal(signal.SIGINT)
    says = f"import signal; print({READY!r}, signal.getsignal(signal.SIGINT) == signal.SIG_IGN, flush=True)"
    child = Child("child", [sys.executable, "-c", says], {})
    Supervisor(Settings(data_dir=tmp_path), SystemClock(), print)._start(child)
    assert child.process is not None
    with child.process:
        assert child.ready.wait(30)
        child.process.wait(30)
    assert f"{READY} True" == child.said
    assert signal.getsignal(signal.SIGINT) is ours
