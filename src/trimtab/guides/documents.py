"""The documents as files have them: what each is called, and its sections."""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from trimtab.base.errors import SetupError

_PACKAGED = Path(__file__).parent / "docs"
_CHECKOUT = Path(__file__).parents[3] / "docs"
_HEADING = re.compile(r"#{1,6} +(.+)")
_REMARK = re.compile(r"\A\s*<!--.*?-->\s*", re.DOTALL)
"""Pages that are generated begin with a remark that says so."""
_FENCE = "```"


class Section(Struct, frozen=True):
    """What stands under a heading: the heading, its anchor, and the text. Both are "" of what stands above all."""

    heading: str
    anchor: str
    text: str


class Document(Struct, frozen=True):
    """A page of the documents. `path` is its address below /docs: `guide/connect`."""

    path: str
    title: str
    source: str

    @property
    def kind(self) -> str:
        """What it is, in a word: a guide, a how-to, a reference page, or none of these."""
        return {"guide": "Guide", "how-to": "How to", "reference": "Reference"}.get(self.path.partition("/")[0], "Docs")

    def sections(self) -> Iterator[Section]:
        """Its sections, in their order."""
        heading, lines, fenced = "", [], False
        anchors = Anchors()
        anchor = ""
        for line in self.source.splitlines():
            fenced ^= line.lstrip().startswith(_FENCE)
            begins = None if fenced else _HEADING.match(line)
            if begins is None:
                lines.append(line)
                continue
            if "".join(lines).strip() or heading:
                yield Section(heading, anchor, "\n".join(lines).strip())
            name = plain(begins[1])
            named = anchors.of(name)  # that of the title too: a heading of the same name has another
            heading, anchor = ("", "") if line.startswith("# ") else (name, named)
            lines = []
        yield Section(heading, anchor, "\n".join(lines).strip())


class Anchors:
    """Anchors of a page's headings, as mkdocs makes them: a name that comes again has its number."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def of(self, heading: str) -> str:
        """The anchor of the next heading."""
        letters = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
        name = stem = re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", letters).strip().lower())
        number = 0
        while name in self._seen:
            number += 1
            name = f"{stem}_{number}"
        self._seen.add(name)
        return name


def folder() -> Path:
    """Where the documents are: beside the package's modules, or in the checkout. Raises SetupError for neither."""
    for place in (_PACKAGED, _CHECKOUT):
        if (place / "index.md").is_file():
            return place
    raise SetupError("cannot read the guides: this installation came without them; install the wheel, or a checkout")


def read(place: Path) -> list[Document]:
    """Every document below a folder, guides first."""
    found = []
    for file in sorted(place.rglob("*.md")):
        source = _REMARK.sub("", file.read_text())
        begins = _HEADING.match(source)
        path = file.relative_to(place).with_suffix("").as_posix()
        found.append(Document(path, plain(begins[1]) if begins else path, source))
    return sorted(found, key=lambda one: (not one.path.startswith("guide/"), one.path))


def plain(markdown: str) -> str:
    """Text without the marks of Markdown: what is read, and what is searched."""
    text = re.sub(r"!\[([^\]]*)\]\([^)]*\)", "", markdown)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"^\s*(?:```\w*|[|: -]+)$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^\s*\|\s*|\s*\|\s*$", "", text, flags=re.MULTILINE)
    return re.sub(r"\s*\|\s*", " · ", re.sub(r"`|\*\*|(?<!\w)\*(?=\w)|(?<=\w)\*(?!\w)", "", text)).strip()
