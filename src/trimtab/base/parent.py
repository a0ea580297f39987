"""A process that ends when the one that started it does, however that ends."""

import os
import threading

_LOOK_S = 0.5


def end_with(parent: int) -> None:
    """Watch the process `parent`, which must have started this one, and leave at once when it is gone."""

    def watch() -> None:
        waiting = threading.Event()
        while os.getppid() == parent:
            waiting.wait(_LOOK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="watch parent").start()
