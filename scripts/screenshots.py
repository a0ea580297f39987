"""Make a picture of every page: `screenshots.py OUT [--url http://127.0.0.1:4750] [--readme] [--page /costs …]`.

Every page of the navigation, and of each list the first thing that it leads to, in light, dark and at 390 px. Each
picture prints a line of JSON: what the browser complained of, how wide the page is, how many bytes came. The exit
status is 1 where a page has an error in the console, is wider than the window, or answers no 200. With `--readme` the
README's pictures are made too.
"""

import argparse
import json
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, Error, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))
from trimtab.web.navigation import tabs

IMAGES = Path(__file__).parent.parent / "docs" / "images"
README = {"overview.png": "/"}
"""The README's pictures, each of a page."""
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
    "/analyses": r"/analyses/[^?#.]+",
    "/datasets": r"/datasets/[^?#.]+",
    "/reports": r"/reports/now\?[^#]+",
    "/traces": r"/traces/[0-9a-f]{32}",
    "/figures": r"/figures/[a-z0-9_]+",
    "/load-tests": r"/load-tests/[^?#.]+",
    "/batch": r"/batch/[^?#.]+",
}
"""What a list leads to, as addresses look."""
LOOKS = (("light", 1440, 900), ("dark", 1440, 900), ("narrow", 390, 844))
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
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
    parser.add_argument("--page", action="append", default=[])
    parser.add_argument("--look", action="append", choices=[name for name, _, _ in LOOKS], default=[])
    asked = parser.parse_args()
    chromium = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if chromium is None:
        sys.exit("no Chromium on this machine: sudo apt-get install -y chromium")
    asked.out.mkdir(parents=True, exist_ok=True)
    looks = [look for look in LOOKS if not asked.look or look[0] in asked.look]
    wrong = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
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
    page = browser.new_page()
    for _, tab in tabs():
        yield tab.path
        pattern = OPENED.get(tab.path)
        if pattern is None:
            continue
        text = page.request.get(f"{url}{tab.path}", headers={"Accept": "text/html"}, timeout=WAIT_MS).text()
        links = [one.replace("&amp;", "&") for one in re.findall(r'href="([^"#]+)', text)]
        found = next((one for one in links if re.match(f"{pattern}(?:$|[?])", one)), None)
        if found is not None:
            yield found
    page.close()


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
