"""Sixty questions over the demo's company, each by one or two calls, with the answers that its plants have."""

import json
from collections.abc import Callable
from typing import Any

from trimtab.demo.company import SERVING, TEAMS, TRAINING
from trimtab.demo.world import FAILING_NODE, World
from wire.mcp.told import Call, Question, Told

CHAT, SUMMARISE = "assistant-chat-70b", "meta-llama/Llama-3.1-8B-Instruct"
FAULTS = (
    ("Which notebook stands idle?", "trimtab-idle-notebook", "synth-lab"),
    ("Which endpoint has nobody watching it?", "trimtab-endpoint-without-alarms", "reranker"),
    ("Which endpoint would end with its zone?", "trimtab-single-az-endpoint", "captions"),
    ("Which volume is attached to nothing?", "DAvU99Dc4C", "vol-0d3a7c51b2e94f608"),
    ("Which bucket has no owner?", "trimtab-no-owner", "synth-street-exports"),
    ("Which address points nowhere?", "Z4AUBRNSmz", "eipalloc-04be71f0c92d5a638"),
    ("Where is SSH open to everybody?", "HCP4007jGY", "sg-0a91c37e55d2f8b04"),
    ("Which database is not backed up?", "opQPADkZvH", "feature-store"),
    ("Which snapshot is of no use any more?", "trimtab-old-snapshot", "snap-0c6f2e18d7a4b9035"),
    ("Which job trains on spot without checkpoints?", "trimtab-spot-without-checkpoints", "detector-tune-0411"),
    ("Which cluster is in extended support?", "trimtab-eks-extended-support", "serving-prod"),
)


def asked(text: str, right: Callable[[Told, World], Any], *calls: Call) -> Question:
    """A question."""
    return Question(text, calls, lambda told, world: bool(right(told, world)))


def of_run(text: str, which: str, right: Callable[[Told, World], Any]) -> Question:
    """A question about a run of a story; its id is worked out when it is asked."""
    return asked(text, right, ("runs", {"ask": "run", "job": f"{{{which}}}", "cluster": TRAINING.cluster}))


def number(text: Any) -> float:
    """A cell as a number; 0 where it is none."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return 0.0


def _adds_up(told: Told, table: str, column: str, whole: float) -> bool:
    rest = told.answers[0]["rest"].get(table, {})
    left = sum(number(value) for key, value in rest.items() if key.startswith(column))
    shown = sum(number(row[column]) for row in told.rows(table))
    return abs(shown + left - whole) <= 0.01 * max(len(told.rows(table)), 1) + 0.001 * abs(whole)


def _named(told: Told, table: str, column: str) -> dict[str, Any]:
    """The first row whose cell is not empty: GPUs that nobody holds are nobody's waste."""
    return next((row for row in told.rows(table) if row[column]), {})


def _waiting(world: World, now_ms: int) -> int:
    return sum(run.submit_ms <= now_ms < run.start_ms for run in world.runs)


QUESTIONS: tuple[Question, ...] = (
    # GPUs
    asked("Who wastes most GPUs?",
          lambda t, w: "moe-ablation" in _named(t, "holders", "holder")["holder"], ("gpus", {})),
    asked("Which team wastes most GPUs?",
          lambda t, w: _named(t, "holders", "holder")["team"] == "vision", ("gpus", {})),
    asked("How much do idle GPUs cost, by cause?",
          lambda t, w: _adds_up(t, "causes", "cost", number(t.total()["idle"]["USD"])), ("gpus", {"ask": "waste"})),
    asked("How many GPUs are there?",
          lambda t, w: abs(t.total()["gpu_hours"]["existing"] / 48 - len(w.company.gpus)) < 8,
          ("gpus", {"ask": "use", "by": "gpu_type", "start": "-50h", "end": "-2h"})),
    asked("Which GPUs do nothing on moe-ablation's account?",
          lambda t, w: number(t.row("by", holder="moe-ablation")["idle"]) > 0.9 * 24 * 24 / 3,
          ("gpus", {"ask": "use", "by": "holder", "team": "vision", "start": "-26h", "end": "-2h"})),
    asked("What does a GPU-hour cost each team?",
          lambda t, w: set(TEAMS) <= {one["team"].lower() for one in t.rows("teams")}, ("gpus", {"ask": "price"})),
    asked("Which machine was down?", lambda t, w: number(t.row("by", machine=FAILING_NODE)["down"]) > 0,
          ("gpus", {"ask": "use", "by": "machine", "start": "-7d"}),
          ("nodes", {"machine": FAILING_NODE})),
    # machines
    asked("Which node is bad?", lambda t, w: t.row("not_up", node=FAILING_NODE)["condition"] == "drained",
          ("nodes", {})),
    asked("What is wrong with it?", lambda t, w: "79" in t.row("faults", machine=FAILING_NODE)["fault"],
          ("nodes", {"machine": FAILING_NODE})),
    asked("How many machines are there?", lambda t, w: t.total()["nodes"] == len(w.company.nodes), ("nodes", {})),
    # runs
    asked("What runs hang now?",
          lambda t, w: [one["job"] for one in t.rows("runs")] == [str(w.stories.hanging.id)],
          ("runs", {"ask": "hanging"})),
    asked("Whose is the run that hangs, and on which node did it stop?",
          lambda t, w: (t.first("runs")["user"], t.first("runs")["node"]) == (
              w.stories.hanging.user, w.stories.hanging.nodes[-1].name),
          ("runs", {"ask": "hanging"})),
    of_run("For how long did the run that was cancelled hang?", "hung",
           lambda t, w: t.rows("hangs") and "hung" in [one["phase"] for one in t.rows("phases")]),
    of_run("Which rank slows the training?", "straggling",
           lambda t, w: str(w.stories.slow_rank) in t.facts()["progress"]["slow_rank"]["rank"]),
    of_run("On which node is the slow rank?", "straggling",
           lambda t, w: t.facts()["progress"]["slow_rank"]["node"] == w.stories.slow_node.name),
    of_run("Why is the augmentation slow?", "starved",
           lambda t, w: "starved of input" in [one["kind"] for one in t.rows("losses")]),
    of_run("Who started the sweep that goes on?", "runaway", lambda t, w: t.facts()["user"] == w.runaway.user),
    asked("Which runs failed this week, and why?",
          lambda t, w: abs(t.total()["runs"] - sum(
              one.state == "FAILED" and w.anchor_ms - 7 * 86_400_000 < one.end_ms <= w.anchor_ms for one in w.runs
          )) <= 3
          and all(one["reason"] or one["exit_code"] for one in t.rows("runs")),
          ("runs", {"state": "failed", "start": "-7d"})),
    asked("What did search run?",
          lambda t, w: t.rows("runs") and {one["team"] for one in t.rows("runs")} == {"search"}
          and t.row("runs", job=str(w.runaway.id)), ("runs", {"team": "search", "state": "running"})),
    asked("How many runs wait?", lambda t, w: abs(t.total()["waiting_runs"] - _waiting(w, w.anchor_ms)) <= 8,
          ("runs", {"ask": "queue"})),
    asked("When will the first of them start?", lambda t, w: t.first("waiting_runs")["half_start_by"],
          ("runs", {"ask": "queue"})),
    asked("Why do they wait?", lambda t, w: any(one["reason"] for one in t.rows("waits_by_team")),
          ("runs", {"ask": "queue"})),
    asked("What did runs cost that came to nothing?",
          lambda t, w: number(t.row("by_outcome", outcome="fail")["cost"]) > 0, ("runs", {"ask": "cost"})),
    # money
    asked("Why did cost rise?", lambda t, w: "p5.48xlarge" in t.texts[0] and t.row("drivers", mostly_by="price"),
          ("costs", {"ask": "why"})),
    asked("How will the month close?",
          lambda t, w: number(t.total()["lower"]) <= number(t.total()["month_closes_at"]) <= number(t.total()["upper"])
          and number(t.total()["so_far"]) < number(t.total()["month_closes_at"]), ("costs", {"ask": "forecast"})),
    asked("Which service costs most?",
          lambda t, w: "EC2" in t.first("by")["group"]
          or "Elastic Compute" in t.first("by")["group"],
          ("costs", {})),
    asked("Which account costs most?", lambda t, w: t.first("by")["group"] in (TRAINING.id, TRAINING.name),
          ("costs", {"by": "linked_account"})),
    asked("Which team costs most?", lambda t, w: t.row("by", group="foundation"), ("costs", {"by": "tag:team"})),
    asked("Does the bill by region add up?",
          lambda t, w: _adds_up(t, "by", "cost", number(t.total()["cost"]["USD"])), ("costs", {"by": "region"})),
    asked("What costs too much?", lambda t, w: "NatGateway-Bytes" in t.texts[0], ("costs", {"ask": "anomalies"})),
    asked("Who caused that?", lambda t, w: "jonas" in [one["who"] for one in t.rows("happened_around")],
          ("costs", {"ask": "anomalies"})),
    asked("Who deleted the endpoint of S3?", lambda t, w: "jonas" in t.row("events", call="DeleteVpcEndpoints")["who"],
          ("changes", {"about": "vpce-0c41f7d92ab3e8f65", "start": "-30d"})),
    asked("Are we within our budgets?", lambda t, w: t.row("budgets", budget="search-sweeps")["state"] == "ALARM",
          ("costs", {"ask": "budgets"})),
    asked("What is the limit of search's month?",
          lambda t, w: number(t.row("budgets", budget="search-month")["limit"]) == 90_000,
          ("costs", {"ask": "budgets"})),
    asked("What is not billed yet?", lambda t, w: number(t.total()["not_billed_yet"]["USD"]) > 0,
          ("costs", {"ask": "today"})),
    asked("What does nobody own?", lambda t, w: t.row("findings", check="trimtab-no-owner"),
          ("advice", {"check": "trimtab-no-owner"})),
    # alarms, changes, logs
    asked("What fires now?",
          lambda t, w: t.row("budgets", budget="search-sweeps")
          and t.row("hanging_runs", job=str(w.stories.hanging.id)),
          ("alerts", {})),
    asked("Which alarm is noisy?", lambda t, w: t.total(1)["would_have_fired_in_7_days"] > 3,
          ("alerts", {"ask": "alarms", "text": CHAT}),
          ("alerts", {"ask": "history", "name": f"{CHAT} KV cache", "account": SERVING.id, "start": "-14d"})),
    asked("Who rolled out the chat endpoint?", lambda t, w: "mira" in [one["who"] for one in t.rows("events")],
          ("changes", {"about": CHAT})),
    asked("What changed before it became slow?", lambda t, w: "mira" in [one["who"] for one in t.rows("changes")],
          ("changes", {"ask": "before", "about": CHAT, "start": "-24h"})),
    asked("Was anything suspicious?", lambda t, w: t.row("findings", who="ci-deploy"),
          ("changes", {"ask": "findings"})),
    asked("How many secrets were read?",
          lambda t, w: t.row("findings", who="ci-deploy", names="GetSecret")["calls"] == 36,
          ("changes", {"ask": "findings"})),
    asked("Who made what nobody tagged?", lambda t, w: "lena" in [one["who"] for one in t.rows("events")],
          ("changes", {"about": "synth-street", "start": "-30d"})),
    asked("What error is new?",
          lambda t, w: t.row("patterns", pattern="KV cache exhausted")["change"] == "new",
          ("logs", {"ask": "patterns", "start": "-24h"})),
    # services
    asked("Why is the chat endpoint slow?", lambda t, w: "decode" in json.dumps(t.rows("parts")[:6]),
          ("services", {"ask": "latency"})),
    asked("Which function begins cold?", lambda t, w: number(t.row("functions", function="eval-notifier")["cold_share"])
          > 1 / 3, ("services", {"ask": "functions"})),
    asked("Which function has too much memory?",
          lambda t, w: number(t.row("functions", function="thumbnail-maker")["unused_memory_share"]) > 0.9,
          ("services", {"ask": "functions"})),
    asked("Which batch job failed?", lambda t, w: t.row("jobs", status="Failed")["job"] == "review-scores",
          ("services", {"ask": "batch"})),
    asked("Which model's tokens became dearer?",
          lambda t, w: number(t.first("models")["per_1m_tokens_last"]) > 1.5 * number(
              t.first("models")["per_1m_tokens_first"]),
          ("services", {"ask": "models", "name": SUMMARISE})),
    asked("Since which deploy?", lambda t, w: t.row("deploys", service="search-summarise"),
          ("services", {"ask": "models", "name": SUMMARISE})),
    asked("Which endpoint is too large?",
          lambda t, w: "OVER" in t.row("sizes", resource="spam-filter")["finding"].upper(),
          ("services", {"ask": "sizes", "name": "spam-filter"})),
    asked("Which endpoint is too small?",
          lambda t, w: "UNDER" in t.row("sizes", resource="translate")["finding"].upper(),
          ("services", {"ask": "sizes", "name": "translate"})),
    asked("How do services do?", lambda t, w: t.rows("kpis"), ("services", {"ask": "kpis", "name": CHAT})),
    asked("What does scaling decide for the search service?",
          lambda t, w: t.row("targets", target="search-api")["mode"],
          ("services", {"ask": "scaling"})),
    # advice
    asked("What should we stop first?", lambda t, w: "moe-ablation" in t.texts[0] or "p5-18" in t.texts[0],
          ("advice", {"ask": "plan"})),
    asked("What would the plan save?",
          lambda t, w: _adds_up(t, "actions", "adds_a_month", number(t.total()["USD"]["saves_a_month"])),
          ("advice", {"ask": "plan"})),
    asked("What should we buy?", lambda t, w: t.rows("to_buy"), ("advice", {"ask": "purchases"})),
    asked("Which commitments does nobody use?",
          lambda t, w: t.row("held", id="2f6b7c10-0002")["used_share"] == 0,
          ("advice", {"ask": "purchases"})),
    *(
        asked(text, lambda t, w, name=name: t.row("findings", resource=name), ("advice", {"check": check}))
        for text, check, name in FAULTS
    ),
    # tokens
    asked("Which model was called most?", lambda t, w: t.row("by", model="Llama-3.3-70B")["calls"] > 0,
          ("tokens", {"by": "model"})),
    asked("What would the calls have cost otherwise?", lambda t, w: t.row("choices", kind="recorded"),
          ("models", {"models": ["gpt-4o-mini"]})),
)  # fmt: skip
