"""What is planted in the calls of vendors' models: advice must find each."""

from trimtab.demo.company import SERVING
from trimtab.demo.model_calls import (
    AGENT,
    CHAT_MODEL,
    LOOP_CALLS,
    LOOP_SINCE_H,
    REVIEW,
    REVIEW_MODEL,
    SINCE_H,
    UNCACHED,
    UNCACHED_SINCE_H,
)
from trimtab.demo.plant import Plant
from trimtab.demo.world import World, ago


def model_call_plants(world: World) -> tuple[Plant, ...]:
    """A cache that stopped, an agent in a loop, and a feature that an own model serves for less."""
    return (
        _planted(
            world, "cache-stopped", UNCACHED_SINCE_H, (UNCACHED, CHAT_MODEL),
            f"prompts of {UNCACHED} to {CHAT_MODEL} begin with the time since the last release: no cache has them",
        ),
        _planted(
            world, "agent-loop", LOOP_SINCE_H, (AGENT,),
            f"a session of {AGENT} made {LOOP_CALLS} calls, where others make six",
        ),
        _planted(
            world, "own-model-cheaper", SINCE_H, (REVIEW, REVIEW_MODEL),
            f"{REVIEW} asks {REVIEW_MODEL} all day, for more than replicas of an own model would cost",
        ),
    )  # fmt: skip


def _planted(world: World, id_: str, since_h: float, about: tuple[str, ...], title: str) -> Plant:
    return Plant(id_, "/advice", title, SERVING.id, "", about, ago(world.anchor_ms, since_h))
