"""Documents are read with their titles and sections."""

from pathlib import Path

import pytest

from trimtab.base.errors import SetupError
from trimtab.guides import documents
from trimtab.guides.documents import Anchors, Document, Section, folder, plain, read

TEXT = """# Alarms

What they are.

## Try `one`

```sh
# no heading
```

## Try one
## Alarms
Last.
"""


def test_sections_have_their_headings_anchors_and_texts() -> None:
    assert [
        Section("", "", "What they are."),
        Section("Try one", "try-one", "```sh\n# no heading\n```"),
        Section("Try one", "try-one_1", ""),
        Section("Alarms", "alarms_1", "Last."),
    ] == list(Document("guide/alarms", "Alarms", TEXT).sections())


def test_anchors_are_those_of_the_built_documents() -> None:
    named = Anchors()
    assert "statements-what-each-team-is-charged" == named.of("Statements: what each team is charged")
    assert "awss-api" == named.of("AWS's  API")
    assert "awss-api_1" == named.of("AWS's API")


def test_text_without_marks() -> None:
    assert "One and two, x_y." == plain("**One** and [two](three.md#four), `x_y`.")
    assert "a · b" == plain("| a | b |\n|---|---|")
    assert "after" == plain("![A picture](one.webp)\nafter")


def test_guides_come_first(tmp_path: Path) -> None:
    for name in ("index.md", "how-to/a.md", "guide/z.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"<!-- Generated. -->\n\n# Of {name}\n")
    found = read(tmp_path)
    assert ["guide/z", "how-to/a", "index"] == [one.path for one in found]
    assert ["Guide", "How to", "Docs"] == [one.kind for one in found]
    assert ("Of guide/z.md", "# Of guide/z.md\n") == (found[0].title, found[0].source)


def test_an_installation_without_them_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(documents, "_PACKAGED", tmp_path / "none")
    assert folder().name == "docs", "a checkout has them"
    monkeypatch.setattr(documents, "_CHECKOUT", tmp_path / "none")
    with pytest.raises(SetupError, match="came without them"):
        folder()
