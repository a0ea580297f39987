"""How an open page looks: in light by all of axe-core's rules, in dark by contrast, and whether it fits a phone."""

from typing import Any

from playwright.sync_api import Page, TimeoutError

PHONE = {"width": 390, "height": 844}
HEAVIEST = 250_000
"""Bytes over the wire, compressed, of a page and all that it asks for until it is drawn."""


def violations(page: Page, axe: str) -> list[tuple[str, str]]:
    """What is wrong with a page for whom and where. A dark page is a light one in other colours: of it, those alone."""
    if not page.evaluate("'axe' in window"):  # half a megabyte to read
        page.evaluate(axe)
    found: dict[str, Any] = page.evaluate(
        "axe.run(document, {resultTypes: ['violations'], ...("
        "matchMedia('(prefers-color-scheme: dark)').matches ? {runOnly: ['color-contrast']} : {})})"
    )
    return [
        (one["id"], node["html"][:160] + " " + node["failureSummary"][:200])
        for one in found["violations"]
        for node in one["nodes"]
    ]


def faults(page: Page, axe: str) -> list[str]:
    """What is wrong with a page that was opened wide and in light: one load shows it in dark and on a phone too."""
    found = [f"light: {one} {where}" for one, where in violations(page, axe)]
    page.emulate_media(color_scheme="dark")
    found += [f"dark: {one} {where}" for one, where in violations(page, axe)]
    page.emulate_media(color_scheme="light")
    wide = page.viewport_size
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # playwright's own dict of width and height
    try:  # charts are drawn anew for their new width a moment later
        page.wait_for_function("most => document.documentElement.scrollWidth <= most", arg=PHONE["width"], timeout=5000)
    except TimeoutError:
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:  # else the machine was slow, and the page is narrow by now
            found.append(f"phone: it is {width} pixels wide and scrolls sideways")
    if wide is not None:
        page.set_viewport_size(wide)
    return found


def weight(page: Page) -> int:
    """Bytes of an open page and of all that it asked for, whether they came over the wire or were kept from before."""
    return int(page.evaluate("performance.getEntries().reduce((sum, one) => sum + (one.encodedBodySize ?? 0), 0)"))


def assert_fit(page: Page, axe: str) -> None:
    """The page is fit for everyone, in light, in dark and on a phone."""
    assert (found := faults(page, axe)) == [], "\n".join(found)
