// A click on a point of a chart: a small menu that leads to what happened then. The page's own link to an
// investigation (a[data-investigate]) says what the page is about; where there is none, a click does nothing.
import { clock } from "./format.js";

const LEAST_AROUND_MS = 60_000;
const STEPS_AROUND = 12; // points to either side: what is seen around a point of a chart
const DRAGGED_PX = 4;

export function pointMenu(box, plot, step) {
  plot.over.addEventListener("click", () => {
    close(box);
    const page = document.querySelector("a[data-investigate]");
    if (!page || plot.select.width > DRAGGED_PX) return;
    const at = Math.round(plot.posToVal(plot.cursor.left, "x"));
    if (Number.isFinite(at)) open(box, plot.cursor.left + plot.over.offsetLeft, at, addressOf(page, at, step));
  });
}

function addressOf(page, at, step) {
  const url = new URL(page.href);
  url.searchParams.set("at", new Date(at).toISOString());
  url.searchParams.set("around", `${Math.ceil(Math.max(LEAST_AROUND_MS, STEPS_AROUND * step) / 60_000)}m`);
  return url.pathname + url.search;
}

function open(box, left, at, href) {
  const menu = document.createElement("div");
  menu.className = "menu point-menu";
  const link = document.createElement("a");
  link.href = href;
  link.textContent = `Investigate ${clock(at, true)}`;
  menu.append(link);
  menu.style.left = `${Math.max(Math.min(left, box.clientWidth - 200), 0)}px`;
  menu.addEventListener("keydown", (event) => event.key === "Escape" && close(box));
  box.append(menu);
  link.focus();
  document.addEventListener("pointerdown", (event) => !menu.contains(event.target) && menu.remove(), { once: true });
}

function close(box) {
  box.querySelector(".point-menu")?.remove();
}
