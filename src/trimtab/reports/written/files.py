"""A report as a file to keep or to send: HTML, PDF or CSV."""

from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.reports.download import CSV, HTML, PDF, Download
from trimtab.reports.written.document import Document
from trimtab.reports.written.html import as_html
from trimtab.reports.written.model import FORMATS
from trimtab.reports.written.table import as_csv

_TYPES = {"html": HTML, "pdf": PDF, "csv": CSV}


def file_of(document: Document, format_: str, public_url: str = "") -> Download:
    """The file. Raises InvalidInput for another format."""
    if format_ not in FORMATS:
        raise InvalidInput(f"cannot write {format_[:30]!r}: expected one of {', '.join(FORMATS)}", field="format")
    name = f"{document.template}-{iso(document.start_ms)[:10]}.{format_}"
    if format_ == "pdf":
        from trimtab.reports.written.pdf import as_pdf  # and reportlab, which takes long to load

        return Download(as_pdf(document, public_url), _TYPES[format_], name)
    text = as_html(document, public_url) if format_ == "html" else as_csv(document)
    return Download(text.encode(), _TYPES[format_], name)
