// One row of <trace-waterfall>: the name with its fold, the bar with the stripe of the critical path, and how long it took.
import { duration } from "./trace-format.js";

export const ROW = 26;
const [FAILED, LATE, WIRE, ORPHAN, MODEL] = [1, 2, 4, 8, 16];
export const [DEPTH, CHILDREN, SERVICE, OPERATION, START, LENGTH, PATH, FLAGS, ID, PHASES] =
  Array.from({ length: 10 }, (_, at) => at);

export function rowOf(held, row, { place, of, chosen, folded }) {
  const node = make("div", "wf-row");
  node.id = `span-${row[ID]}`;
  node.dataset.place = place;
  node.style.top = `${place * ROW}px`;
  node.setAttribute("role", "option");
  node.setAttribute("aria-selected", String(chosen));
  node.setAttribute("aria-posinset", place + 1);
  node.setAttribute("aria-setsize", of);
  node.append(nameOf(held, row, folded), laneOf(held, row));
  return node;
}

function nameOf(held, row, folded) {
  const [service, operation] = [held.services[row[SERVICE]], held.operations[row[OPERATION]]];
  const name = make("span", "wf-name");
  name.style.paddingLeft = `${Math.min(row[DEPTH], 24) * 12 + 4}px`;
  const said = [
    row[FLAGS] & LATE ? "not waited for" : "",
    row[FLAGS] & WIRE ? "waits for another component" : "",
    row[FLAGS] & ORPHAN ? "its parent did not arrive" : "",
  ];
  name.title = [`${service} ${operation}`, ...said.filter(Boolean)].join(", ");
  name.append(make("span", "wf-fold", row[CHILDREN] ? (folded ? "▸" : "▾") : ""), make("b", "", service), ` ${operation}`);
  return name;
}

function laneOf(held, row) {
  const [failed, scale] = [row[FLAGS] & FAILED, 100 / Math.max(held.total, 1e-9)];
  const lane = make("span", "wf-lane");
  const bar = make("span", `wf-bar${failed ? " wf-failed" : ""}${row[FLAGS] & LATE ? " wf-late" : ""}`);
  bar.style.left = `${row[START] * scale}%`;
  bar.style.width = `max(2px, ${row[LENGTH] * scale}%)`;
  bar.style.background = `var(--s${held.slots[row[SERVICE]]})`;
  let from = 0;
  for (const [name, share] of row[PHASES]) {
    const phase = make("i", "wf-phase", share > 12 ? name : "");
    phase.title = `${name} ${duration((row[LENGTH] * share) / 100)}`;
    phase.style.left = `${from}%`;
    phase.style.width = `${Math.min(share, 100 - from)}%`;
    from += share;
    bar.append(phase);
  }
  if (row[PATH] !== null) bar.append(make("i", "wf-path"));
  const before = row[START] + row[LENGTH] > held.total * 0.75 && row[START] > held.total * 0.15;
  const signs = `${failed ? "⚠ " : ""}${row[FLAGS] & MODEL ? "◆ " : ""}`;
  const text = make("span", "wf-ms", signs + duration(row[LENGTH]));
  if (before) text.style.right = `${100 - row[START] * scale}%`;
  else text.style.left = `${Math.min((row[START] + row[LENGTH]) * scale, 100)}%`;
  lane.append(bar, text);
  return lane;
}

export function make(tag, kind, text = "") {
  const node = document.createElement(tag);
  if (kind) node.className = kind;
  node.textContent = text;
  return node;
}
