"""Which runs to list: filters of their own, a free text, and what a caller may see."""

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.inventory.runs.model import Run


class RunFilter(Struct, frozen=True):
    """Every part that is given must hold. The range takes runs that waited or ran at any time in it.

    `text` is looked for in id, name, user, team, queue, reason and nodes, without regard to case, word by word.
    """

    start_ms: int | None = None
    end_ms: int | None = None
    cluster: str = ""
    states: tuple[str, ...] = ()
    team: str = ""
    user: str = ""
    queue: str = ""
    text: str = ""

    def takes(self, run: Run) -> bool:
        """Whether the parts that the database does not look at hold."""
        if not self.text:
            return True
        words = (run.key.job, run.name, run.user, run.team, run.queue, run.reason, run.state.value, *run.node_names)
        whole = "\n".join((*words, *run.tags.values())).casefold()
        return all(word in whole for word in self.text.casefold().split())


def visible(scope: Scope, run: Run) -> bool:
    """Whether a scope covers a run: its account, and its owner by the rows that the scope allows."""
    if scope.accounts is not None and run.key.account not in scope.accounts:
        return False
    return scope.sees({**run.tags, "team": run.team, "user": run.user, "queue": run.queue})
