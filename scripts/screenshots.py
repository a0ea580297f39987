"""Make a picture of every page: `screenshots.py OUT [--url http://127.0.0.1:4750] [--readme] [--page /costs …]`.

Every page of the navigation, and of each list the first thing that it leads to, in light, dark and at 390 px. Each
picture prints a line of JSON: what the browser complained of, how wide the page is, how many bytes came. The exit
status is 1 where a page has an error in the console, is wider than the window, or answers no 200. With `--readme` the
README's pictures are made too, with `--guides` (and no others) those with which guides begin, or with `--guide NAME`
some of them: each when its page has no banner that something is still loading.
"""

import argparse
import contextlib
import io
import json
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import Browser, Error, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))
from trimtab.web.navigation import tabs

IMAGES = Path(__file__).parent.parent / "docs" / "images"
README = {"overview.png": "/"}
"""The README's pictures, each of a page."""
GUIDES = {
    "advice": "/advice", "agent": "/hosts", "alarms": "/alarms >", "allocation": "/allocation",
    "analyses": "/analyses >", "anomaly-detection": "/anomalies", "assistants": "/investigate", "audit": "/audit",
    "aws": "/explore/metrics", "batch": "/batch", "bill": "/statements", "budgets": "/budgets",
    "coming-from": "/home/on-call", "connect": "/connect", "cost-explorer": "/costs",
    "dashboards": "/dashboards >", "event-rules": "/event-rules",
    "forecast": "/home/money", "getting-started": "/", "gpu-hours": "/teams", "load-tests": "/load-tests >",
    "log-delivery": "/logs", "logs": "/logs", "notifications": "/notifications", "objectives": "/objectives",
    "otlp": "/endpoints >", "prometheus": "/sources", "purchase-options": "/purchase-plan", "reports": "/reports >",
    "rest": "/datasets", "right-sizing": "/rightsizing", "runs": "/runs", "scaling": "/scaling",
    "serverless": "/serverless", "sign-in": "/access", "simulate": "/simulate", "traces": "/traces >",
    "training-progress": "/runs >", "unit-costs": "/unit-costs",
}  # fmt: skip
"""With which page each guide begins (docs/guide/NAME.md); `>`: with the first thing that its list leads to."""
_DRAWN = "() => ![...document.querySelectorAll('time-series')].some(one => one.dataset.state === 'loading')"
"""Charts below the window stay as they are until somebody looks: pages of them are pictured as far as they are seen."""
_DRAWN_MS = 8000
_BANNERS = "[data-loading], [data-known-until], .coming:not(:has(~ .page))"
"""What a page says while a source still loads, GPU time is known until a moment only, or only its frame came."""
_LOOKS_AGAIN, _AGAIN_MS = 60, 5000
_GUIDE_WIDTH, _GUIDE_QUALITY = 1080, 72
OPENED = {
    "/hosts": r"/hosts/[^/?#]+",
    "/runs": r"/runs/[^/?#]+/[^?#]+",
    "/endpoints": r"/endpoints/[^?#]+",
    "/teams": r"/teams/[^?#.]+",
    "/serverless": r"/serverless/[^?#]+/[^?#]+",
    "/advice": r"/advice/[0-9a-f-]{8,}",
    "/rightsizing": r"/rightsizing/[^?#.]+",
    "/alarms": r"/alarms/named/[^?#]+",
    "/anomalies": r"/anomalies/[^/?#.]+",
    "/cost-anomalies": r"/cost-anomalies/[^/?#.]+",
    "/event-rules": r"/event-rules/(?:deliveries|pipelines|archives)",
    "/dashboards": r"/dashboards/[^?#.]+",
    "/analyses": r"/analyses/(?!new)[^?#.]+",
    "/datasets": r"/datasets/[^?#.]+",
    "/reports": r"/reports/now\?[^#]+",
    "/traces": r"/traces/[0-9a-f]{32}",
    "/figures": r"/figures/[a-z0-9_]+",
    "/load-tests": r"/load-tests/[^?#.]+",
    "/batch": r"/batch/[^?#.]+",
}
"""What a list leads to, as addresses look."""
LOOKS = (("light", 1440, 900), ("dark", 1440, 900), ("narrow", 390, 844))
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
WAIT_MS = 60_000
SETTLE_MS = 1500
"""Charts fetch their points when the page is there."""


def main() -> int:
    """Make the pictures; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--url", default="http://127.0.0.1:4750")
    parser.add_argument("--readme", action="store_true")
    parser.add_argument("--guides", action="store_true")
    parser.add_argument("--guide", action="append", choices=list(GUIDES), default=[])
    parser.add_argument("--page", action="append", default=[])
    parser.add_argument("--look", action="append", choices=[name for name, _, _ in LOOKS], default=[])
    asked = parser.parse_args()
    chromium = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if chromium is None:
        sys.exit("no Chromium on this machine: sudo apt-get install -y chromium-headless-shell")
    asked.out.mkdir(parents=True, exist_ok=True)
    looks = [look for look in LOOKS if not asked.look or look[0] in asked.look]
    wrong = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        if asked.guides or asked.guide:
            guides(browser, asked.url, asked.guide)
            return 0
        paths: Sequence[str] = asked.page or list(every_page(browser, asked.url))
        for look in looks:
            wrong += sum(not one["good"] for one in pictures(browser, asked.url, paths, look, asked.out))
        if asked.readme:
            for name, path in README.items():
                list(pictures(browser, asked.url, [path], LOOKS[0], IMAGES, name=name, whole=False))
        browser.close()
    return int(wrong > 0)


def every_page(browser: Browser, url: str) -> Iterator[str]:
    """Every page of the navigation, and behind each list the first thing that it leads to."""
    for _, tab in tabs():
        yield tab.path
        found = first_of(browser, url, tab.path)
        if found:
            yield found


def first_of(browser: Browser, url: str, path: str) -> str:
    """The first thing that a list leads to; "" where it leads to nothing."""
    pattern = OPENED.get(path)
    if pattern is None:
        return ""
    page = browser.new_page()
    text = page.request.get(f"{url}{path}", headers={"Accept": "text/html"}, timeout=WAIT_MS).text()
    page.close()
    links = [one.replace("&amp;", "&") for one in re.findall(r'href="([^"#]+)', text)]
    return next((one for one in links if re.match(f"{pattern}(?:$|[?])", one)), "")


def guides(browser: Browser, url: str, names: Sequence[str] = ()) -> None:
    """The pictures with which guides begin (those of `names`, or all), small enough to be kept beside them."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    for name, place in GUIDES.items():
        if names and name not in names:
            continue
        path, opened, _ = place.partition(" >")
        page = context.new_page()
        page.goto(url + ((first_of(browser, url, path) if opened else "") or path), timeout=WAIT_MS)
        wait_until_whole(page)
        with contextlib.suppress(Error):
            page.wait_for_function(_DRAWN, timeout=_DRAWN_MS)
        page.wait_for_timeout(SETTLE_MS)
        picture = Image.open(io.BytesIO(page.screenshot()))
        page.close()
        size = _GUIDE_WIDTH, picture.height * _GUIDE_WIDTH // picture.width
        file = IMAGES / "guide" / f"{name}.webp"
        file.parent.mkdir(exist_ok=True)
        picture.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(file, "WEBP", quality=_GUIDE_QUALITY)
        print(json.dumps({"guide": name, "bytes": file.stat().st_size}), flush=True)
    context.close()


def wait_until_whole(page: Page) -> None:
    """Look at a page again until it has no banner that something is still loading. Ends the script where it stays."""
    for _ in range(_LOOKS_AGAIN):
        banner = page.query_selector(_BANNERS)
        if banner is None:
            return
        page.wait_for_timeout(_AGAIN_MS)
        page.reload(timeout=WAIT_MS)
    sys.exit(f"cannot picture {page.url}: it still says {banner.inner_text()!r}; try again when all is there")


def pictures(
    browser: Browser,
    url: str,
    paths: Sequence[str],
    look: tuple[str, int, int],
    out: Path,
    *,
    name: str = "",
    whole: bool = True,
) -> Iterator[dict[str, object]]:
    """A picture of each page in one look; yields what each was like, and prints it."""
    kind, width, height = look
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if kind == "dark" else "light"
    )
    for path in paths:
        page, complaints = context.new_page(), list[str]()
        page.on("console", lambda said, to=complaints: to.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda problem, to=complaints: to.append(str(problem)))
        status, wide, size = 0, 0, 0
        file = out / (name or f"{quote(path.strip('/') or 'overview', safe='')[:120]}-{kind}.png")
        try:
            answer = page.goto(f"{url}{path}", timeout=WAIT_MS, wait_until="load")
            page.wait_for_timeout(SETTLE_MS)
            status = answer.status if answer is not None else 0
            wide = page.evaluate("document.documentElement.scrollWidth")
            size = page.evaluate("performance.getEntriesByType('navigation')[0].transferSize")
            page.screenshot(path=str(file), full_page=whole)
        except Error as problem:  # it did not come in time: the others are looked at all the same
            complaints.append(str(problem).splitlines()[0])
        good = status == 200 and not complaints and wide <= width
        told = {"page": path, "look": kind, "status": status, "width": wide, "bytes": size, "errors": complaints}
        print(json.dumps({**told, "good": good}), flush=True)
        yield {**told, "good": good}
        page.close()
    context.close()


if __name__ == "__main__":
    sys.exit(main())
