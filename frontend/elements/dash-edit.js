// Editing a dashboard: move, resize, add, remove, edit as JSON, undo, save. One copy of the body is the truth; every
// change goes through `change`, which keeps what was before.
import { openBody, openWidget } from "./dash-widget.js";
import { drag } from "./dash-drag.js";
import { send } from "./rest.js";

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const NEW = { type: "metric", width: 12, height: 6, properties: { title: "New panel", metrics: [], view: "timeSeries" } };

export function edit(grid) {
  const editor = new Editor(grid);
  editor.start();
  return editor;
}

class Editor {
  constructor(grid) {
    this.grid = grid;
    this.past = [];
    this.bar = document.createElement("div");
    this.bar.className = "dash-editbar";
  }

  async start() {
    this.grid.before(this.bar);
    const answer = await fetch(this.grid.getAttribute("source"));
    const { body, version } = await answer.json();
    this.body = body;
    this.version = version;
    this.saved = JSON.stringify(body);
    this.tools();
    this.render();
    document.addEventListener("keydown", this.keys);
    window.addEventListener("beforeunload", this.leaving);
  }

  end() {
    this.bar.remove();
    document.removeEventListener("keydown", this.keys);
    window.removeEventListener("beforeunload", this.leaving);
  }

  tools() {
    this.note = Object.assign(document.createElement("span"), { className: "muted", role: "status" });
    this.bar.replaceChildren(
      this.button("Add a panel", () => this.add()),
      this.button("Undo", () => this.undo()),
      this.button("As JSON", () => openBody(this)),
      this.note,
      this.button("Cancel", () => this.leave()),
      this.button("Save", () => this.save(), "primary"),
    );
    this.say();
  }

  button(label, act, kind = "") {
    const made = Object.assign(document.createElement("button"), { type: "button", textContent: label });
    made.className = `button ${kind}`;
    made.addEventListener("click", act);
    return made;
  }

  say(text = "Drag a panel by its head; arrows move the focused one, with Shift they resize it.", bad = false) {
    this.note.textContent = text;
    this.note.classList.toggle("bad", bad);
  }

  change(act) {
    this.past.push(JSON.stringify(this.body));
    act(this.body);
    this.render();
  }

  undo() {
    if (!this.past.length) return this.say("There is nothing to undo.");
    this.body = JSON.parse(this.past.pop());
    this.render();
    return this.say("Undone.");
  }

  // Panels by their widget: kept where the widget is the same, drawn anew where its content changed.
  render() {
    const items = this.body.widgets.map((widget, index) => this.item(widget, index));
    const kept = new Set(items);
    for (const old of [...this.grid.children]) if (!kept.has(old)) old.remove();
    // Only what moved is put in anew: a chart that is taken out and back starts again.
    for (const [at, one] of items.entries()) {
      if (this.grid.children[at] !== one) this.grid.insertBefore(one, this.grid.children[at] ?? null);
    }
    this.grid.place();
  }

  item(widget, index) {
    const key = JSON.stringify([widget.type, widget.properties]);
    const held = this.grid.items().find((one) => one.drawn === key && !one.taken) ?? this.shell(widget, key);
    held.taken = true;
    queueMicrotask(() => (held.taken = false));
    const size = { x: widget.x ?? 0, y: widget.y ?? 0, w: widget.width ?? 6, h: widget.height ?? 6, index };
    Object.assign(held.dataset, size);
    return held;
  }

  shell(widget, key) {
    const item = document.createElement("section");
    item.className = "panel dash-item editing";
    item.tabIndex = 0;
    item.drawn = key;
    item.setAttribute("aria-label", widget.properties?.title || `${widget.type} panel`);
    const head = document.createElement("div");
    head.className = "panel-head dash-handle";
    const title = Object.assign(document.createElement("h2"), { textContent: widget.properties?.title || widget.type });
    const end = Object.assign(document.createElement("span"), { className: "end" });
    end.append(
      this.button("Edit", () => openWidget(this, Number(item.dataset.index)), "small"),
      this.button("Remove", () => this.change(({ widgets }) => widgets.splice(Number(item.dataset.index), 1)), "small"),
    );
    head.append(title, end);
    const body = Object.assign(document.createElement("div"), { className: "dash-body" });
    const corner = Object.assign(document.createElement("div"), { className: "dash-corner" });
    corner.setAttribute("aria-hidden", "true");
    item.append(head, body, corner);
    drag(this, item, head, corner);
    this.preview(widget, body);
    return item;
  }

  async preview(widget, into) {
    const answer = await fetch(this.grid.getAttribute("preview"), { method: "POST", body: JSON.stringify(widget) });
    await window.htmx.swap({ target: into, text: await answer.text(), swap: "innerHTML" });
    return answer.ok;
  }

  add() {
    const bottom = Math.max(0, ...this.body.widgets.map((one) => (one.y ?? 0) + (one.height ?? 6)));
    this.change(({ widgets }) => widgets.push({ ...structuredClone(NEW), x: 0, y: bottom }));
    openWidget(this, this.body.widgets.length - 1);
  }

  resize(index, { x, y, w, h }) {
    this.change(({ widgets }) => {
      const width = Math.min(Math.max(w, 1), 24);
      const left = Math.min(Math.max(x, 0), 24 - width);
      Object.assign(widgets[index], { x: left, y: Math.max(y, 0), width, height: Math.max(h, 1) });
    });
    this.grid.items()[index]?.focus();
  }

  keys = (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "z" && !event.target.closest("textarea, input")) {
      event.preventDefault();
      return this.undo();
    }
    const step = KEYS[event.key];
    if (!step || !event.target.matches?.(".dash-item")) return undefined;
    event.preventDefault();
    const { index, ...at } = Object.fromEntries(Object.entries(event.target.dataset).map(([key, text]) => [key, Number(text)]));
    const [dx, dy] = step;
    return this.resize(index, event.shiftKey ? { ...at, w: at.w + dx, h: at.h + dy } : { ...at, x: at.x + dx, y: at.y + dy });
  };

  leaving = (event) => {
    if (JSON.stringify(this.body) !== this.saved) event.preventDefault();
  };

  leave() {
    this.saved = JSON.stringify(this.body);
    location.assign(this.grid.getAttribute("done"));
  }

  async save() {
    const path = `/rest/v1/dashboards/${encodeURIComponent(this.grid.getAttribute("name"))}`;
    try {
      const { messages } = await send("POST", "/rest/v1/dashboard-checks", { body: this.body });
      if (this.faults(messages.filter((one) => one.error))) return;
      await send("PUT", path, { body: this.body, version: this.version });
      this.leave();
    } catch (problem) {
      this.say(problem.message, true);
    }
  }

  // What is wrong is said on the panel that it is about; how many there are, beside Save.
  faults(messages) {
    for (const old of this.grid.querySelectorAll(".dash-fault")) old.remove();
    for (const { path, text } of messages) {
      const item = this.grid.items()[/^\/widgets\/(\d+)/.exec(path)?.[1]];
      const line = Object.assign(document.createElement("p"), { className: "dash-fault bad", textContent: `${path}: ${text}` });
      item?.querySelector(".panel-head").after(line);
    }
    const [first] = messages;
    if (first) this.say(`Not saved: ${messages.length} fault${messages.length > 1 ? "s" : ""}. ${first.path || "/"}: ${first.text}`, true);
    return messages.length;
  }
}
