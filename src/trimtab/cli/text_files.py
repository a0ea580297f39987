"""Files that options name: texts, and secrets that are not to stand on a command line."""

from pathlib import Path

from trimtab.base.errors import SetupError


def text_of(file: Path) -> str:
    """A file's text. Raises SetupError for one that cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise SetupError(f"cannot read {file}: {problem}") from None


def secret_in(file: Path | None) -> str:
    """The secret that a file holds, "" where no file is named. Raises SetupError."""
    return "" if file is None else text_of(file).strip()
