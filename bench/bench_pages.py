"""How long is each page waited for, cold and warm, and how large is it?

    python bench/bench_pages.py [--url http://127.0.0.1:4750] [--page /tokens …] [--token TOKEN]

It asks a trimtab that runs, the demo at best, for every page of the navigation: once for `cold_s` and three times more
for `warm_s`, their median. Cold is the first time that this server is asked for the page, so start it anew before: a
second run finds everything warm. `bytes` are those of the page as it comes, compressed. Goals are 1 s cold, 0.2 s warm
and 250 KB; a line says which a page misses. The last line is JSON: the slowest of each, how many pages miss a goal, and
pages that did not answer 200.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence

import httpx

from trimtab.web.navigation import tabs

COLD_S, WARM_S, BYTES = 1.0, 0.2, 250_000
_WARM_TIMES = 3
_HEADERS = {"Accept": "text/html", "Accept-Encoding": "gzip"}


def main() -> int:
    """Ask for the pages; the exit status is 1 where one misses a goal or does not answer."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:4750")
    parser.add_argument("--page", action="append", default=[])
    parser.add_argument("--token", default="")
    asked = parser.parse_args()
    headers = _HEADERS | ({"Authorization": f"Bearer {asked.token}"} if asked.token else {})
    with httpx.Client(base_url=asked.url, headers=headers, timeout=120) as client:
        try:
            client.get("/healthz").raise_for_status()
        except httpx.HTTPError as problem:
            sys.exit(f"cannot ask for pages at {asked.url}: {problem}; start the demo (`make demo`), or give --url")
        found = [ask(client, path) for path in asked.page or [tab.path for _, tab in tabs()]]
    return told(found)


def ask(client: httpx.Client, path: str) -> dict[str, object]:
    """A page, cold and warm; prints its line."""
    times: list[float] = []
    status, size = 0, 0
    for _ in range(1 + _WARM_TIMES):
        began = time.perf_counter()
        with client.stream("GET", path) as answer:
            size = sum(len(chunk) for chunk in answer.iter_raw())
            status = answer.status_code
        times.append(time.perf_counter() - began)
    cold, warm = times[0], statistics.median(times[1:])
    goals = (("cold", cold, COLD_S), ("warm", warm, WARM_S), ("bytes", size, BYTES))
    missed = [name for name, value, most in goals if value > most]
    print(f"{path:28} {status} cold {cold:7.3f} s  warm {warm:7.3f} s  {size:8,} bytes  {' '.join(missed)}".rstrip())
    return {"path": path, "status": status, "cold_s": cold, "warm_s": warm, "bytes": size, "missed": missed}


def told(found: Sequence[dict[str, object]]) -> int:
    """Print the last line; the exit status."""
    worst = {name: max(found, key=lambda one: float(str(one[name]))) for name in ("cold_s", "warm_s", "bytes")}
    summary = {
        "pages": len(found),
        **{f"most_{name}": [one["path"], round(float(str(one[name])), 3)] for name, one in worst.items()},
        "missed": {str(one["path"]): one["missed"] for one in found if one["missed"]},
        "not_answered": {str(one["path"]): one["status"] for one in found if one["status"] != 200},
    }
    print(json.dumps(summary))
    return int(bool(summary["missed"] or summary["not_answered"]))


if __name__ == "__main__":
    sys.exit(main())
