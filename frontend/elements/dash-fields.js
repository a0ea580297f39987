// The form of a widget: which property each field edits, of which types of widgets, and how it is read and written.
import { metricPicker } from "./dash-metrics.js";

const TITLED = ["metric", "chart", "log", "alarm", "explorer"];
const DRAWN = ["metric", "chart"];
const VIEWS = ["timeSeries", "singleValue", "gauge", "bar", "pie", "table"];
const FIELDS = [
  { path: "/type", label: "Type", choices: ["metric", "chart", "text", "alarm", "log", "explorer"] },
  { path: "/properties/title", label: "Title", of: TITLED },
  { path: "/properties/view", label: "View", of: DRAWN, choices: ["", ...VIEWS] },
  { path: "/properties/view", label: "View", of: ["log"], choices: ["", "table", "timeSeries", "bar", "pie"] },
  { path: "/properties/stat", label: "Statistic", of: ["metric"], hint: "Average" },
  { path: "/properties/period", label: "Period, seconds", of: [...DRAWN, "explorer"], as: "number", hint: "by the range" },
  { path: "/properties/legend/position", label: "Legend", of: DRAWN, choices: ["", "bottom", "right", "hidden"] },
  { path: "/properties/yAxis/left/min", label: "Left axis from", of: DRAWN, as: "number" },
  { path: "/properties/yAxis/left/max", label: "Left axis to", of: DRAWN, as: "number" },
  { path: "/properties/stacked", label: "Stacked", of: DRAWN, as: "flag" },
  { path: "/properties/sparkline", label: "Sparkline", of: DRAWN, as: "flag" },
  { path: "/properties/metrics", label: "Metrics, a row a line", of: ["metric", "explorer"], as: "rows", lines: 6,
    hint: '["AWS/EC2", "CPUUtilization", "InstanceId", "i-1"]\n[{"expression": "SEARCH(…)"}]' },
  { path: "/properties/data/queries", label: "PromQL, a query a line", of: ["chart"], as: "queries", lines: 6,
    hint: '{"query": "sum by (service) (rate(requests_total[5m]))", "label": "{{service}}"}' },
  { path: "/properties/markdown", label: "Text, in Markdown", of: ["text"], lines: 8 },
  { path: "/properties/alarms", label: "ARNs of alarms, one a line", of: ["alarm"], as: "words", lines: 6 },
  { path: "/properties/query", label: "Query", of: ["log"], lines: 6 },
];
const FRESH = {
  metric: { metrics: [], view: "timeSeries" },
  chart: { data: { queries: [] }, view: "timeSeries" },
  text: { markdown: "# Title" },
  alarm: { alarms: [] },
  log: { query: "" },
  explorer: { metrics: [] },
};
const split = (text) => text.split("\n").map((one) => one.trim()).filter(Boolean);
const AS = {
  text: [(value) => value ?? "", (text) => text || undefined],
  number: [(value) => value ?? "", (text) => (text === "" ? undefined : Number(text))],
  rows: [(value) => (value ?? []).map((one) => JSON.stringify(one)).join("\n"), (text) => split(text).map((one) => JSON.parse(one))],
  queries: [
    (value) => (value ?? []).map((one) => JSON.stringify(one)).join("\n"),
    (text) => split(text).map((one) => (one.startsWith("{\"") ? JSON.parse(one) : { query: one })),
  ],
  words: [(value) => (value ?? []).join("\n"), split],
};

// The form of `widget`; `edited(widget)` gets each change. `metrics` is where metrics are found by words.
export function widgetForm(widget, edited, metrics) {
  const node = Object.assign(document.createElement("div"), { className: "dash-form" });
  const fields = FIELDS.filter((one) => !one.of || one.of.includes(widget.type)).map((one) => field(one, change));
  node.append(...fields.map((one) => one.node));
  if (widget.type === "metric") {
    const rows = fields.find((one) => one.path === "/properties/metrics");
    const add = (row) => {
      change(rows, [...(widget.properties?.metrics ?? []), row]);
      fill(widget);
    };
    rows.node.before(metricPicker(metrics, add));
  }
  fill(widget);
  return { node, fill, mark };

  function change(one, value) {
    if (one.path === "/type") edited({ ...widget, type: value, properties: { ...(TITLED.includes(value) ? titleOf(widget) : {}), ...FRESH[value] } });
    else edited((widget = put(widget, one.path.split("/").slice(1), value)));
  }

  function fill(next) {
    widget = next;
    for (const one of fields) one.show(one.path.split("/").slice(1).reduce((value, key) => value?.[key], widget));
  }

  // Each message goes beside the field of its path; those of no field come back.
  function mark(messages) {
    for (const one of fields) one.tell([]);
    return messages.filter((message) => {
      const owner = fields.find((one) => message.path === one.path || message.path.startsWith(`${one.path}/`));
      owner?.tell(messages.filter((one) => one.path === owner.path || one.path.startsWith(`${owner.path}/`)));
      return !owner;
    });
  }
}

function field(one, change) {
  const node = document.createElement("label");
  node.className = one.lines ? "field wide" : one.as === "flag" ? "field flag" : "field";
  const input = control(one);
  const problem = Object.assign(document.createElement("span"), { className: "field-problem" });
  problem.id = `fault${one.path.replaceAll("/", "-")}`;
  input.setAttribute("aria-describedby", problem.id);
  const name = Object.assign(document.createElement("span"), { textContent: one.label });
  node.append(...(one.as === "flag" ? [input, name] : [name, input]), problem);
  const [write, read] = AS[one.as] ?? AS.text;
  const tell = (messages) => {
    problem.textContent = messages.map((message) => message.text).join(". ");
    input.setAttribute("aria-invalid", String(messages.some((message) => message.error)));
  };
  input.addEventListener(input.tagName === "SELECT" || one.as === "flag" ? "change" : "input", () => {
    try {
      change(one, one.as === "flag" ? input.checked || undefined : read(input.value));
    } catch (failure) {
      tell([{ text: `Not a JSON value a line: ${failure.message}`, error: true }]);
    }
  });
  const show = (value) => {
    if (one.as === "flag") input.checked = Boolean(value);
    else if (document.activeElement !== input) input.value = write(value);
  };
  return { node, path: one.path, show, tell };
}

function control(one) {
  const made = document.createElement(one.choices ? "select" : one.lines ? "textarea" : "input");
  if (one.choices) made.append(...one.choices.map((value) => new Option(value || "default", value)));
  else if (one.lines) Object.assign(made, { rows: one.lines, spellcheck: false, placeholder: one.hint ?? "" });
  else Object.assign(made, { type: one.as === "flag" ? "checkbox" : one.as === "number" ? "number" : "text", placeholder: one.hint ?? "" });
  if (one.as === "number") made.step = "any";
  return made;
}

// A copy with the value at a path; undefined takes it away, and what is empty then.
function put(value, [key, ...rest], set) {
  const copy = { ...value };
  copy[key] = rest.length ? put(copy[key] ?? {}, rest, set) : set;
  const gone = copy[key] === undefined || (rest.length && !Object.keys(copy[key]).length);
  if (gone) delete copy[key];
  return copy;
}

function titleOf(widget) {
  return widget.properties?.title ? { title: widget.properties.title } : {};
}
