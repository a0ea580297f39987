// The legend of a chart: a table (name, last, min, avg, max) or a line of names with the value under the cursor.
import { clock, formatValue } from "./format.js";
import { summary } from "./series-data.js";

const STATISTICS = ["last", "min", "avg", "max"];

export function renderLegend(node, held, { table, isolated, onIsolate }) {
  const rows = held.series.map((one, index) => {
    const facts = summary(one.values);
    const show = (value) => shown(held, one, value);
    const name = nameButton(one, index === isolated, () => onIsolate(index));
    name.classList.toggle("dim", isolated !== null && isolated !== index);
    const value = text("span", "legend-value num", show(facts.last));
    if (!table) return wrap("li", name, value);
    const cells = STATISTICS.map((key) => text("td", "num", show(facts[key])));
    const row = wrap("tr", wrap("th", name), ...cells);
    row.firstChild.scope = "row";
    return row;
  });
  node.replaceChildren(table ? tableOf(rows) : listOf(rows));
}

// Show the values at bucket `index`, or the last ones where index is null.
export function pointLegend(node, held, index) {
  const at = index === null || index === undefined ? null : index;
  const values = node.querySelectorAll(".legend-value, td:nth-child(2)");
  held.series.forEach((one, position) => {
    const value = at === null ? summary(one.values).last : one.values[at];
    if (values[position]) values[position].textContent = shown(held, one, value);
  });
  const label = node.querySelector("[data-at]");
  if (label) label.textContent = at === null ? label.dataset.at : clock(held.t0 + at * held.step);
}

// A line of the right axis has a unit of its own.
function shown(held, one, value) {
  const unit = one.right ? held.right : held;
  return formatValue(value, unit.format, unit.suffix);
}

function nameButton(one, pressed, onClick) {
  const button = text("button", "legend-name", "");
  button.type = "button";
  button.title = `${one.label} — click to isolate`;
  button.setAttribute("aria-pressed", String(pressed));
  const swatch = text("span", `swatch s${one.slot}`, "");
  if (one.color) swatch.style.background = one.color;
  button.append(swatch, text("span", "legend-label", one.label));
  button.addEventListener("click", onClick);
  return button;
}

function tableOf(rows) {
  const heads = ["Series", "Last", "Min", "Avg", "Max"].map((label, index) => {
    const head = text("th", index ? "num" : "", label);
    head.scope = "col";
    if (index === 1) head.dataset.at = "Last";
    return head;
  });
  return wrap("table", wrap("thead", wrap("tr", ...heads)), wrap("tbody", ...rows));
}

function listOf(rows) {
  const at = text("li", "legend-at num", "");
  at.dataset.at = "";
  return wrap("ul", ...rows, at);
}

function text(tag, className, content) {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = content;
  return node;
}

function wrap(tag, ...children) {
  const node = document.createElement(tag);
  node.append(...children);
  return node;
}
