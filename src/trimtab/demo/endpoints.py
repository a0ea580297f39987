"""The twelve endpoints: what serves which model to whom, and how it behaves under load."""

from msgspec import Struct

VLLM, TGI, TRITON = "vllm", "tgi", "triton"


class Endpoint(Struct, frozen=True):
    """An endpoint. The numbers are of one replica.

    `peak` and `capacity` are requests a second; `first_s`, `token_s` the time to the first token and between tokens
    without load; `prompt`, `output` tokens a request. For Triton, which serves no tokens, `first_s` is the whole
    request and `token_s` 0. `slots` is the most requests that run at once, `old` a server from before its metrics
    were renamed, `deploys` hours before the start of the demo at which a new version was rolled out.
    """

    name: str
    server: str
    team: str
    model: str
    nodes: tuple[str, ...]
    replicas: int
    gpus: int
    peak: float
    capacity: float
    first_s: float
    token_s: float
    prompt: int
    output: int
    slots: int
    peak_hour: float
    night: float
    weekend: float
    deploys: tuple[float, ...]
    old: bool = False


DEGRADED = "assistant-chat-70b"
DEGRADED_SINCE_H = 20.0
"""The deploy that made it slow: the last one of the endpoint."""
DEGRADED_CAPACITY, DEGRADED_PACE, DEGRADED_ERRORS = 0.6, 1.9, 0.02
"""Since then, whatever the hour: the share of its capacity that is left, how many times longer a token takes, and the
share of requests that fail (the new version runs without CUDA graphs and with half of the KV cache).
"""

THINNED = "search-summarise-8b"
THINNED_SINCE_H = 46.0
"""Another deploy: since the last one of this endpoint its gateway answers what was asked before from a cache."""
THINNED_SHARE = 0.45
"""The share of its requests that still reach the GPUs since then; its replicas stayed as many as they were, so that a
token costs twice as much and half of the GPUs idle.
"""

_DAY, _LONG, _FLAT = (15.0, 0.25, 0.55), (17.0, 0.35, 0.8), (3.0, 0.5, 1.0)  # peak hour (UTC), night, weekend

ENDPOINTS = (
    Endpoint(DEGRADED, VLLM, "assistant", "meta-llama/Llama-3.3-70B-Instruct", ("p5-16", "p5-17"), 4, 4,
             3.4, 5.2, 0.16, 0.021, 1450, 310, 128, *_LONG, (310, 188, DEGRADED_SINCE_H)),
    Endpoint("assistant-code-32b", VLLM, "assistant", "Qwen/Qwen2.5-Coder-32B-Instruct", ("p4d-12",), 2, 4,
             2.6, 4.4, 0.21, 0.024, 2050, 90, 96, *_DAY, (260, 92)),
    Endpoint("assistant-reasoning-32b", VLLM, "assistant", "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", ("p4d-13",), 2,
             4, 0.55, 0.95, 0.19, 0.026, 620, 1450, 64, *_LONG, (214,)),
    Endpoint("assistant-guard-8b", TGI, "assistant", "meta-llama/Llama-Guard-3-8B", ("g6-03",), 4, 2,
             9.0, 16.0, 0.06, 0.018, 520, 8, 64, *_LONG, (160,)),
    Endpoint(THINNED, VLLM, "search", "meta-llama/Llama-3.1-8B-Instruct", ("g6-01",), 4, 2,
             3.8, 6.5, 0.09, 0.019, 2900, 120, 128, *_DAY, (280, 140, THINNED_SINCE_H), old=True),
    Endpoint("search-query-7b", TGI, "search", "mistralai/Mistral-7B-Instruct-v0.3", ("g6-02",), 4, 2,
             6.5, 11.0, 0.07, 0.018, 180, 40, 96, *_DAY, (120,)),
    Endpoint("search-rerank", TRITON, "search", "bge-reranker-v2-m3", ("g6-07",), 4, 1,
             48.0, 95.0, 0.011, 0.0, 0, 0, 32, *_DAY, (230, 70)),
    Endpoint("search-embedding", TRITON, "search", "multilingual-e5-large", ("g6-08",), 4, 1,
             70.0, 150.0, 0.007, 0.0, 0, 0, 64, *_DAY, (195,)),
    Endpoint("vision-caption-11b", VLLM, "vision", "meta-llama/Llama-3.2-11B-Vision-Instruct", ("g5-01",), 2, 4,
             1.9, 3.4, 0.32, 0.022, 1700, 75, 64, *_DAY, (148,)),
    Endpoint("vision-detect", TRITON, "vision", "yolo11-l", ("g6-09",), 4, 1,
             55.0, 120.0, 0.009, 0.0, 0, 0, 16, *_LONG, (99,)),
    Endpoint("vision-moderation", TRITON, "vision", "siglip-so400m", ("g6-10",), 4, 1,
             22.0, 90.0, 0.012, 0.0, 0, 0, 16, *_LONG, (301,)),
    Endpoint("foundation-judge-70b", VLLM, "foundation", "meta-llama/Llama-3.1-70B-Instruct", ("p4d-14",), 1, 8,
             2.2, 3.6, 0.24, 0.027, 1100, 220, 128, *_FLAT, (170, 28)),
)  # fmt: skip
