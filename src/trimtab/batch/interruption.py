"""Whether the machine is about to be taken away: EC2's notice to spot instances, asked of its metadata service.

The notice comes two minutes before (EC2 user guide, "Spot Instance interruption notices"); pieces take seconds, so a
job that stops then loses nothing. A machine without the service is never taken away.
"""

import http.client
import threading
from urllib.parse import urlsplit

from msgspec import Struct, field

METADATA = "http://169.254.169.254"
_EVERY_S = 5.0  # as the guide recommends
_TIMEOUT_S = 2.0
_TOKEN_S = 21_600
_NOTICE = "/latest/meta-data/spot/instance-action"


class Notices(Struct):
    """Asks until a notice came; `taken` is set then. Ends with `close`."""

    url: str = METADATA
    every_s: float = _EVERY_S
    taken: threading.Event = field(default_factory=threading.Event)
    _end: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> "Notices":
        """Begin to ask, in a thread of its own."""
        self._thread = threading.Thread(target=self._watch, daemon=True, name="spot notices")
        self._thread.start()
        return self

    def close(self) -> None:
        """Ask no more."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._end.is_set():
            if noticed(self.url):
                self.taken.set()
                return
            self._end.wait(self.every_s)


def noticed(url: str) -> bool:
    """Whether there is a notice now; not where nothing answers."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)  # noqa: TID251 - of the command line only
    try:
        connection.request("PUT", "/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_S)})
        answer = connection.getresponse()
        token = answer.read().decode("ascii", "replace").strip()
        connection.request("GET", _NOTICE, headers={"X-aws-ec2-metadata-token": token})
        found = connection.getresponse()
        found.read()
        return found.status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
