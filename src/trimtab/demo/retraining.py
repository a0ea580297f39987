"""The retraining of the company's ranking model: new training data start it, once in six hours, and it is on record.

Its command is named in a settings' file of the demo's own, as any trimtab's is; it only says what a training would.
"""

import json
from pathlib import Path

from trimtab.client.api import Client
from trimtab.client.pipelines_wire import PutPipeline
from trimtab.client.triggers import Triggers
from trimtab.client.triggers_wire import PutEvent, PutRule, TargetForm
from trimtab.demo.company import TRAINING

PIPELINE, RULE = "rank-retrain", "rank-data-arrives"
TEAM = "search"
COMMANDS = Path("demo", "commands.toml")
"""The file, within the demo's data directory."""
_COMMAND = """\
# What event rules of the demo may start. It trains nothing: it says what a training would.
[rank-retrain]
argv = ["sh", "-c", "echo fine-tuning on 3 partitions; sleep 2; echo loss 0.412, was 0.427; echo registered rank:48"]
timeout_s = 60
"""
_SOURCE, _ARRIVED = "atlas.lake", "Partition Arrived"
_PARTITIONS = ("clicks/part-0411", "clicks/part-0412", "clicks/part-0413")
_APART_MS = 240_000
_COOLDOWN_S = 6 * 3600
ARRIVE_MS = (len(_PARTITIONS) - 1) * _APART_MS
"""How long before the demo begins the first partition arrived."""


def write_commands(directory: Path) -> None:
    """Write the file of commands before the server reads it."""
    path = directory / COMMANDS
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_COMMAND, encoding="utf-8")


def put_retraining(url: str, tokens: dict[str, str], now_ms: int) -> None:
    """Put the rule and the pipeline if they are not there yet, and let three partitions of training data arrive."""
    with Client(url, tokens[TRAINING.id]) as client:
        calls = Triggers(client)
        if any(one.name == PIPELINE for one in calls.pipelines().pipelines):
            return
        about = "The ranking model, on the clicks of the last days"
        pipeline = calls.put_pipeline(PutPipeline(PIPELINE, "command", {"command": PIPELINE}, _COOLDOWN_S, about))
        wanted = {"source": [_SOURCE], "detail-type": [_ARRIVED], "detail": {"table": [{"prefix": "clicks/"}]}}
        pattern = json.dumps(wanted)
        target = TargetForm("1", pipeline.arn)
        calls.put_rule(PutRule(RULE, pattern=pattern, description="New training data: retrain", targets=[target]))
        for number, table in enumerate(_PARTITIONS, 1):
            at_ms = now_ms - ARRIVE_MS + (number - 1) * _APART_MS
            detail = json.dumps({"table": table, "rows": 4_100_000 + 317 * number})
            event = PutEvent(_SOURCE, _ARRIVED, detail, time_ms=at_ms)
            calls.put_events([event], f"demo-{table}")
