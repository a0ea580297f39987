"""`squeue --states=PENDING`: why each job waits at this moment."""

FORMAT = "%A|%i|%r"
"""Id, id as shown, reason."""


def read(text: str) -> dict[str, str]:
    """Reasons by job id. A header line, and lines of another form, are passed over."""
    found = {}
    for line in text.splitlines():
        cells = line.strip().split("|", 2)
        if len(cells) == 3 and cells[0].isdecimal():
            found[cells[0]] = cells[2].strip("() ")
    return found
