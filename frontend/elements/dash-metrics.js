// Finding a metric while a panel is edited: words find series that report, with their last hours; a click makes one a row.

// Asks `address` for what the words fit; `take(row)` gets the row of the series that was chosen.
export function metricPicker(address, take) {
  const node = Object.assign(document.createElement("div"), { className: "dash-metrics wide" });
  const words = Object.assign(document.createElement("input"), { type: "search", autocomplete: "off", spellcheck: false });
  words.placeholder = "latency checkout p99";
  const field = Object.assign(document.createElement("label"), { className: "field grow" });
  field.append("Find a metric by words", words);
  const find = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: "Find" });
  const bar = Object.assign(document.createElement("div"), { className: "controls" });
  const list = Object.assign(document.createElement("div"), { className: "dash-choices" });
  list.setAttribute("aria-live", "polite");
  bar.append(field, find);
  node.append(bar, list);
  let turn = 0;

  async function look() {
    const mine = (turn += 1);
    const answer = await fetch(`${address}?${new URLSearchParams({ find: words.value })}`);
    const text = await answer.text();
    if (mine !== turn) return;
    if (answer.ok) await window.htmx.swap({ target: list, text, swap: "innerHTML" });
    else list.textContent = `The metrics cannot be read now (${answer.status}).`;
  }

  find.addEventListener("click", look);
  words.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    look();
  });
  list.addEventListener("click", (event) => {
    const row = event.target.closest("[data-row]")?.dataset.row;
    if (row) take(JSON.parse(row));
  });
  return node;
}
