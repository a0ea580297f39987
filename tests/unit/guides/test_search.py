"""Each guide is found by its title, and a stranger's words lead to the right one."""

import pytest

from trimtab.guides.search import Answer, Guides, parts
from trimtab.store import passages
from trimtab.store.passages import telling

GUIDES = Guides()
TITLES = {path: one.title for path, one in GUIDES.documents.items() if one.kind == "Guide"}


@pytest.mark.parametrize("path", TITLES)
def test_a_guide_is_found_by_three_words_of_its_title(path: str) -> None:
    asked = " ".join(telling(TITLES[path])[:3])
    assert path == GUIDES.find(asked, 5)[0].document.path


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("how do I stop paying for idle GPUs", "guide/advice"),
        ("connect slurm", "guide/connect"),
        ("who changed my security group?", "guide/audit"),
        ("budget alert email", "guide/budgets"),
        ("slack notifications", "guide/notifications"),
        ("why is my training run slow", "guide/training-progress"),
        ("backup restore", "how-to/backup"),
        ("import CUR bill", "guide/bill"),
        ("openai costs per token", "guide/unit-costs"),
        ("okta login", "guide/sign-in"),
        ("postgres", "how-to/postgresql"),
        ("broken GPU with xid", "guide/gpu-hours"),
        ("remote write from prometheus", "guide/prometheus"),
        ("delete a user's data", "how-to/forget"),
        ("savings plan", "guide/purchase-options"),
        ("charge teams for shared GPUs", "guide/allocation"),
        ("kubecost", "guide/coming-from"),
    ],
)
def test_the_words_of_a_stranger_lead_to_the_right_guide(asked: str, path: str) -> None:
    assert path == GUIDES.find(asked, 5)[0].document.path


def test_an_answer_has_its_best_sections_with_the_words_marked() -> None:
    (answer,) = GUIDES.find("slack microsoft teams", 1)
    assert "Slack, Microsoft Teams" == answer.places[0].section.heading
    assert "slack-microsoft-teams" == answer.places[0].section.anchor
    assert "slack" in {text.casefold() for text, marked in answer.places[0].excerpt if marked}
    assert 1 <= len(answer.places) <= 3
    assert not answer.titled
    assert GUIDES.find("cost explorer", 1)[0].titled


def test_what_nobody_wrote_about_is_not_found() -> None:
    assert [] == GUIDES.find("zzyzzx", 5)
    assert [] == GUIDES.find("", 5)


def test_without_an_index_titles_are_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passages, "_TABLE", "CREATE VIRTUAL TABLE passages USING fts55(body)")
    bare = Guides()
    assert [Answer(bare.documents["guide/cost-explorer"], (), True)] == bare.find("cost explorer", 5)
    assert "no FTS5" in bare.unsearched
    assert "" == GUIDES.unsearched


def test_an_excerpt_in_parts() -> None:
    assert (("a ", False), ("b", True), (" c", False)) == parts("a \x02b\x03\n c")
