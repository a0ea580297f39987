// A click on a point of a chart: a small menu that leads to what happened then. The page's own link to an
// investigation (a[data-investigate]) says what the page is about; where there is none, a click does nothing.
// A drawing of the server says by data-from, data-to and data-parts which time an area of it covers.
import { clock, day } from "./format.js";

const LEAST_AROUND_MS = 60_000;
const MOST_AROUND_MS = 7 * 86_400_000; // a time line reaches no further
const STEPS_AROUND = 12; // points to either side: what is seen around a point of a chart
const DRAGGED_PX = 4;

export function pointMenu(box, plot, step) {
  plot.over.addEventListener("click", () => {
    close(box);
    if (plot.select.width > DRAGGED_PX) return;
    const at = Math.round(plot.posToVal(plot.cursor.left, "x"));
    if (Number.isFinite(at)) open(box, plot.cursor.left + plot.over.offsetLeft, at, STEPS_AROUND * step);
  });
}

document.addEventListener("click", (event) => {
  const area = event.target.closest(".drawing [data-from]");
  if (!area || event.target.closest("a")) return;
  const box = area.closest(".drawing");
  const { left, width } = area.getBoundingClientRect();
  const from = Number(area.dataset.from);
  const parts = Number(area.dataset.parts ?? 1);
  const step = (Number(area.dataset.to) - from) / parts;
  const part = Math.min(Math.floor(((event.clientX - left) / width) * parts), parts - 1);
  close(box);
  open(box, event.clientX - box.getBoundingClientRect().left, Math.round(from + (part + 0.5) * step), step / 2);
});

function open(box, left, at, around) {
  const page = document.querySelector("a[data-investigate]");
  if (!page) return;
  const url = new URL(page.href);
  url.searchParams.set("at", new Date(at).toISOString());
  const reach = Math.min(Math.max(around, LEAST_AROUND_MS), MOST_AROUND_MS);
  url.searchParams.set("around", `${Math.ceil(reach / 60_000)}m`);
  const menu = document.createElement("div");
  menu.className = "menu point-menu";
  const link = document.createElement("a");
  link.href = url.pathname + url.search;
  link.textContent = `Investigate ${day(at)} ${clock(at)}`;
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
