"""`Download`: a file to keep or to send, with the name and the media type that go with it."""

from collections.abc import Mapping

from msgspec import Struct

CSV, PDF, HTML = "text/csv; charset=utf-8", "application/pdf", "text/html; charset=utf-8"


class Download(Struct, frozen=True):
    """A file. Names are written here: letters, digits, `-`, `_` and `.`."""

    content: bytes
    media_type: str
    name: str

    @property
    def headers(self) -> Mapping[str, str]:
        """What an HTTP answer says of it: to be saved, not kept by caches, and taken for nothing else."""
        return {
            "Content-Disposition": f'attachment; filename="{self.name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
