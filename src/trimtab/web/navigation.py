"""Where every page stands: sixteen entries of the sidebar by the question they answer, the rest as tabs in heads."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from trimtab.access.principal import Principal, Role


class Tab(Struct, frozen=True):
    """A page of an entry. `bound`: callers who are bound to tags have it too. `beside`: addresses that stand there."""

    name: str
    path: str
    role: Role = Role.READ
    bound: bool = True
    beside: tuple[str, ...] = ()

    def open_to(self, principal: Principal) -> bool:
        """Whether a caller may have the page."""
        return principal.may(self.role) and (self.bound or not principal.bound)


class Entry(Struct, frozen=True):
    """A link of the sidebar: it leads to the first of its tabs that the caller may open."""

    name: str
    icon: str
    tabs: tuple[Tab, ...]

    @property
    def path(self) -> str:
        """Where it leads."""
        return self.tabs[0].path


class Group(Struct, frozen=True):
    """Entries that answer one kind of question. A group of one entry of the same name has no heading."""

    name: str
    entries: tuple[Entry, ...]

    @property
    def alone(self) -> bool:
        """Whether it is one entry without a heading."""
        return len(self.entries) == 1 and self.entries[0].name == self.name


HOME = Entry(
    "Home",
    "gauge",
    (
        Tab("Overview", "/"),
        Tab("My team", "/home/team"),
        Tab("On call", "/home/on-call"),
        Tab("Money", "/home/money", Role.FINANCE),
    ),
)
NAVIGATION: tuple[Group, ...] = (
    Group("Home", (HOME,)),
    Group(
        "Fleet",
        (
            Entry(
                "GPUs & hosts",
                "server",
                (
                    Tab("Hosts & GPUs", "/hosts", beside=("/gpus",)),
                    Tab("GPU health", "/gpu-health", bound=False),
                ),
            ),
            Entry("Runs & queue", "queue", (Tab("Queue & runs", "/runs"), Tab("Quotas", "/runs/quotas", bound=False))),
            Entry(
                "Endpoints",
                "broadcast",
                (
                    Tab("Endpoints", "/endpoints"),
                    Tab("Service KPIs", "/kpis"),
                    Tab("Load tests", "/load-tests", bound=False),
                    Tab("Sizing", "/sizing", bound=False),
                ),
            ),
            Entry(
                "Functions & batch",
                "bolt",
                (Tab("Functions & jobs", "/serverless"), Tab("Batch jobs", "/batch", bound=False)),
            ),
        ),
    ),
    Group(
        "Money",
        (
            Entry(
                "Costs",
                "coins",
                (
                    Tab("Costs", "/costs", Role.FINANCE),
                    Tab(
                        "Cost anomalies",
                        "/cost-anomalies",
                        Role.FINANCE,
                        beside=("/make/monitor", "/make/subscription"),
                    ),
                    Tab("Untagged cost", "/untagged", Role.FINANCE, bound=False),
                    Tab("Allocation", "/allocation", Role.FINANCE, bound=False),
                ),
            ),
            Entry(
                "Teams & statements",
                "receipt",
                (Tab("Teams", "/teams"), Tab("Statements", "/statements", Role.FINANCE, bound=False)),
            ),
            Entry("Budgets", "target", (Tab("Budgets", "/budgets", Role.FINANCE, beside=("/make/budget",)),)),
            Entry(
                "Unit costs & tokens",
                "per",
                (
                    Tab("Cost per run & token", "/unit-costs", Role.FINANCE),
                    Tab("Tokens", "/tokens", Role.FINANCE),
                ),
            ),
        ),
    ),
    Group(
        "Improve",
        (
            Entry(
                "Plan",
                "bulb",
                (
                    Tab("Advice", "/advice"),
                    Tab("Purchase plan", "/purchase-plan", Role.FINANCE, bound=False),
                    Tab("Savings ledger", "/savings", Role.FINANCE),
                    Tab("Owners", "/asked"),
                    Tab("Checks", "/checks", bound=False),
                ),
            ),
            Entry("Right-sizing", "ruler", (Tab("Right-sizing", "/rightsizing"),)),
            Entry(
                "Scaling & capacity",
                "scale",
                (
                    Tab("Scaling", "/scaling", bound=False),
                    Tab("Simulator", "/simulate"),
                    Tab("Capacity plan", "/capacity-plan", bound=False),
                ),
            ),
        ),
    ),
    Group(
        "Investigate",
        (
            Entry(
                "Explore",
                "chart",
                (
                    Tab("Metrics", "/explore/metrics"),
                    Tab("Logs", "/logs"),
                    Tab("Traces", "/traces", beside=("/service-map",)),
                    Tab("Audit", "/audit", bound=False),
                    Tab("Investigate", "/investigate", beside=("/investigations",)),
                ),
            ),
            Entry(
                "Alarms & anomalies",
                "alert",
                (
                    Tab("Alarms", "/alarms"),
                    Tab("Objectives", "/objectives", bound=False),
                    Tab("Canaries", "/canaries", bound=False),
                    Tab("Anomalies", "/anomalies"),
                    Tab("Event rules", "/event-rules", bound=False),
                ),
            ),
            Entry(
                "Dashboards & reports",
                "grid",
                (
                    Tab("Dashboards", "/dashboards"),
                    Tab("Analyses", "/analyses"),
                    Tab("Datasets", "/datasets", Role.FINANCE),
                    Tab("Reports", "/reports", Role.FINANCE, bound=False),
                    Tab("Figures", "/figures"),
                ),
            ),
        ),
    ),
    Group(
        "Admin",
        (
            Entry(
                "Admin",
                "sliders",
                (
                    Tab("Connect", "/connect", bound=False),
                    Tab("Data sources", "/sources", bound=False),
                    Tab("Cloud accounts", "/sources/aws", bound=False),
                    Tab("Cardinality", "/sources/cardinality", bound=False),
                    Tab("Notifications", "/notifications", bound=False, beside=("/make/channel",)),
                    Tab("Access", "/access", Role.ADMIN),
                    Tab("Settings", "/settings"),
                ),
            ),
        ),
    ),
)
"""UI.md's entries. No protocol and no service of a provider has a name here."""


def tabs() -> Iterator[tuple[Entry, Tab]]:
    """Every page of the navigation, with the entry under which it stands."""
    return ((entry, tab) for group in NAVIGATION for entry in group.entries for tab in entry.tabs)


def navigation_of(principal: Principal) -> list[Group]:
    """The groups as a caller sees them: pages that are not open to it are not there, nor entries without any."""
    shown = []
    for group in NAVIGATION:
        entries = tuple(seen for entry in group.entries if (seen := entry_of(entry, principal)).tabs)
        if entries:
            shown.append(Group(group.name, entries))
    return shown


def entry_of(entry: Entry, principal: Principal) -> Entry:
    """An entry with those of its tabs that a caller may open."""
    return Entry(entry.name, entry.icon, tuple(tab for tab in entry.tabs if tab.open_to(principal)))


def place_of(path: str) -> tuple[Entry, Tab] | None:
    """The entry and the tab under which a page stands: the tab with the longest address that the page's begins with."""
    found = [(len(stem), entry, tab) for entry, tab in tabs() for stem in (tab.path, *tab.beside) if _under(path, stem)]
    if not found:
        return None
    _, entry, tab = max(found, key=lambda one: one[0])
    return entry, tab


def path_of(entry: Entry, principal: Principal, chosen: Sequence[str] = ()) -> str:
    """Where an entry leads a caller: to the first of `chosen` that is an open tab of it, else to its first open tab."""
    open_paths = [tab.path for tab in entry_of(entry, principal).tabs]
    return next((path for path in chosen if path in open_paths), open_paths[0] if open_paths else "/me")


def home_of(principal: Principal, remembered: str) -> str:
    """The tab of Home that a caller's home is: the one looked at last (`remembered`, its key), else by what they are.

    Who sees money only has its money; who is bound to a team's tags has the team; everybody else has the overview.
    """
    by_role = "/home/money" if not principal.may(Role.READ) else "/home/team" if principal.bound else "/"
    last = next((tab.path for tab in HOME.tabs if home_key(tab.path) == remembered), by_role)
    return path_of(HOME, principal, (last, by_role))


def home_key(path: str) -> str:
    """The short name of a tab of Home, as the cookie keeps it."""
    return path.rsplit("/", 1)[-1] or "overview"


def _under(path: str, stem: str) -> bool:
    return path == stem or (stem != "/" and path.startswith(stem + "/"))
