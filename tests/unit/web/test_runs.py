"""The pages of runs: what is shown of each, filters in the URL, the same rows as CSV and JSON."""

import pytest

from asgi_client import AsgiClient
from browser.pretend import build_state
from trimtab.access.scope import Scope
from trimtab.base.clock import ManualClock
from trimtab.inventory.room import InventoryRoom
from trimtab.kpis.runs import starts
from trimtab.kpis.runs.starts import Start, WaitingRun
from trimtab.web.app import WebState


@pytest.fixture
def gpu_pages(clock: ManualClock, open_pages) -> AsgiClient:  # type: ignore[no-untyped-def]  # a fixture's callable
    opened: AsgiClient = open_pages(build_state(3, clock, gpus=True))
    return opened


@pytest.fixture
def empty_pages(nothing: WebState, open_pages) -> AsgiClient:  # type: ignore[no-untyped-def]  # a fixture's callable
    opened: AsgiClient = open_pages(nothing)
    return opened


def test_the_list_has_every_run_with_its_state_and_loss(gpu_pages: AsgiClient) -> None:
    page = gpu_pages.get("/runs?range=7d")
    assert 200 == page.status_code
    for words in ("pretrain", "sweep&lt;b&gt;", "distil", "failed", "pending", "Resources", "8 drained", "4 runs"):
        assert words in page.text, words
    assert "<b>sweep" not in page.text


def test_filters_and_order_are_in_the_url_and_csv_and_json_agree(gpu_pages: AsgiClient) -> None:
    asked = "range=7d&team=search&sort=gpu_hours&dir=desc"
    rows = gpu_pages.get(f"/runs.json?{asked}").json()["runs"]
    assert ["102", "103"] == [row["job"] for row in rows]
    table = gpu_pages.get(f"/runs.csv?{asked}").text.splitlines()
    assert ["102", "103"] == [line.split(",")[0] for line in table[1:]]
    assert ["104"] == [row["job"] for row in gpu_pages.get("/runs.json?range=7d&q=distil+mira").json()["runs"]]
    assert [] == gpu_pages.get("/runs.json?range=7d&state=timeout").json()["runs"]
    assert 400 == gpu_pages.get("/runs?sort=colour").status_code


def test_a_runs_page_has_its_course_and_its_gpus(gpu_pages: AsgiClient) -> None:
    page = gpu_pages.get("/runs/atlas/101")
    assert 200 == page.status_code
    for words in ("foundation", "waited 3.0 h", "ran 6.0 h", "GPU indexes of the scheduler", "active · memory"):
        assert words in page.text, words
    body = gpu_pages.get("/runs/atlas/101.json").json()
    assert ("running", 96.0) == (body["run"]["state"], round(body["run"]["gpu_hours"], 3))
    drawn = gpu_pages.get("/runs/atlas/101/activity.json").json()
    assert ["train-1", "train-2"] == [line["label"] for line in drawn["series"]]


def test_a_run_that_waits_has_no_gpus_yet(gpu_pages: AsgiClient) -> None:
    page = gpu_pages.get("/runs/atlas/103")
    assert "nothing yet" in page.text
    assert "Activity of its GPUs" not in page.text


def test_the_queue_chart_has_what_waits_and_what_is_idle(gpu_pages: AsgiClient) -> None:
    drawn = gpu_pages.get("/runs/queue.json?range=1h").json()
    assert {"waited for", "idle: drained"} == {line["label"] for line in drawn["series"]}


def test_without_a_scheduler_the_page_says_the_commands(empty_pages: AsgiClient) -> None:
    page = empty_pages.get("/runs")
    assert "trimtab connect slurm" in page.text
    assert 404 == empty_pages.get("/runs/atlas/1").status_code


def test_a_runs_page_says_where_its_gpu_time_went_and_what_to_do(gpu_pages: AsgiClient) -> None:
    page = gpu_pages.get("/runs/atlas/101").text
    for words in (
        "Where the GPU time went",
        "by profiles of 4 of 16 ranks",
        "rank <b>2</b>",
        "rank 2 slows the job",
        "void &lt;gemm&gt;",
        "Exposed communication",
        "if rank 9 (dp 2, stage 1) worked as others do",
    ):
        assert words in page, words
    assert "Where the GPU time went" not in gpu_pages.get("/runs/atlas/104").text


def test_a_run_that_hangs_is_the_first_thing_on_the_page(gpu_pages: AsgiClient) -> None:
    page = gpu_pages.get("/runs").text
    for words in ("hangs</b> since", "0.66 USD a minute", "GPU 5 of train-2 stopped first"):
        assert words in page, words


def test_a_runs_page_has_what_it_has_done(gpu_pages: AsgiClient) -> None:
    page = gpu_pages.get("/runs/atlas/101")
    for words in (
        "What it has done", "2,500", "of 4,000", "Megatron-LM log lines", "recomputed", "start-up",
        "steps since the checkpoint of step 1,500", "unknown: ", "3e+09 parameters", "400 steps lost",
    ):  # fmt: skip
        assert words in page.text, words
    told = gpu_pages.get("/runs/atlas/101.json").json()["progress"]
    assert (2500, 1, 400, 1) == (told["step"], told["restarts"], told["lost_steps"], told["evaluations"])
    # 250 of 350 minutes trained something new; the run held its 16 GPUs for six hours.
    assert 250 / 360 == pytest.approx(told["goodput"]["value"], abs=0.005)
    assert 10 * 256 * 8192 / 60 == pytest.approx(told["tokens_per_s"]["value"], rel=0.01)
    mfu = 6 * 3e9 * (10 * 256 * 8192 / 60) / (16 * 989.4e12)
    assert mfu == pytest.approx(told["mfu"]["value"], rel=0.01)


def test_a_run_of_which_nothing_was_told_says_so(gpu_pages: AsgiClient) -> None:
    page = gpu_pages.get("/runs/atlas/104")
    assert "no progress was reported: log lines of the training program" in page.text


def test_runs_that_wait_are_told_when_they_start(gpu_pages: AsgiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    real = starts.waiting

    async def waiting(room: InventoryRoom, scope: Scope, now_ms: int, cluster: str = "") -> list[WaitingRun]:
        start = Start(now_ms + 600_000, now_ms + 1_800_000, now_ms + 7_200_000, 321, "similar")
        return [WaitingRun(one.run, start) for one in await real(room, scope, now_ms, cluster)]

    monkeypatch.setattr(starts, "waiting", waiting)
    page = gpu_pages.get("/runs?range=24h").text
    for words in ("When runs that wait will start", ">30 min<", ">10 min – 2.0 h<", "321 waits, similar"):
        assert words in page, words


def test_of_a_queue_of_which_little_is_known_no_start_is_told(gpu_pages: AsgiClient) -> None:
    assert "too few runs of its queue have started" in gpu_pages.get("/runs?range=24h").text
