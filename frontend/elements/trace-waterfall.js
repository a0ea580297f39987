// <trace-waterfall src trace span label>: the spans of a trace as bars. Only rows in sight are in the page, so that ten
// thousand scroll as well as ten. A click or Enter chooses a span (its panel is fetched), left and right fold and unfold.
import { duration } from "./trace-format.js";
import { CHILDREN, DEPTH, ID, make, ROW, rowOf } from "./trace-row.js";

const MORE = 8;

class TraceWaterfall extends HTMLElement {
  connectedCallback() {
    this.abort = new AbortController();
    this.folded = new Set();
    this.load();
  }

  disconnectedCallback() {
    this.abort.abort();
    this.sized?.disconnect();
  }

  async load() {
    try {
      const answer = await fetch(this.getAttribute("src"), { signal: this.abort.signal });
      if (!answer.ok) throw new Error(`server answered ${answer.status}`);
      this.held = await answer.json();
    } catch (problem) {
      if (problem.name !== "AbortError") this.textContent = `Cannot draw the waterfall: ${problem.message}`;
      return;
    }
    this.build();
    this.unfolded();
    this.choose(Math.max(this.shown.findIndex((at) => this.held.rows[at][ID] === this.getAttribute("span")), 0), false);
  }

  build() {
    this.head = make("div", "wf-head");
    this.list = make("div", "wf-list");
    this.list.tabIndex = 0;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", this.getAttribute("label"));
    this.space = make("div", "wf-space");
    this.list.append(this.space);
    this.replaceChildren(this.head, this.list);
    const on = (name, handler) => this.list.addEventListener(name, handler, { signal: this.abort.signal });
    on("scroll", () => requestAnimationFrame(() => this.draw()));
    on("keydown", this.key);
    on("click", this.click);
    this.sized = new ResizeObserver(() => this.draw());
    this.sized.observe(this.list);
    for (let at = 0; at <= 4; at += 1) {
      const mark = make("span", "wf-mark", duration((this.held.total * at) / 4));
      mark.style.left = `${at * 25}%`;
      this.head.append(mark);
    }
  }

  // Which rows are shown: all but those below a folded one.
  unfolded() {
    this.shown = [];
    let hidden = Infinity;
    this.held.rows.forEach((row, at) => {
      if (row[DEPTH] > hidden) return;
      hidden = this.folded.has(row[ID]) ? row[DEPTH] : Infinity;
      this.shown.push(at);
    });
    this.space.style.height = `${this.shown.length * ROW}px`;
    this.draw();
  }

  draw() {
    if (!this.shown) return;
    const first = Math.max(Math.floor(this.list.scrollTop / ROW) - MORE, 0);
    const last = Math.min(Math.ceil((this.list.scrollTop + this.list.clientHeight) / ROW) + MORE, this.shown.length);
    const rows = [];
    for (let place = first; place < last; place += 1) {
      const row = this.held.rows[this.shown[place]];
      const state = { place, of: this.shown.length, chosen: place === this.at, folded: this.folded.has(row[ID]) };
      rows.push(rowOf(this.held, row, state));
    }
    this.space.replaceChildren(...rows);
    const chosen = this.shown[this.at] === undefined ? "" : `span-${this.held.rows[this.shown[this.at]][ID]}`;
    this.list.setAttribute("aria-activedescendant", this.at >= first && this.at < last ? chosen : "");
  }

  click = (event) => {
    const node = event.target.closest(".wf-row");
    if (!node) return;
    const place = Number(node.dataset.place);
    if (event.target.closest(".wf-fold") && this.fold(place, !this.folded.has(this.held.rows[this.shown[place]][ID]))) return;
    this.choose(place, true);
  };

  key = (event) => {
    const page = Math.max(Math.floor(this.list.clientHeight / ROW) - 1, 1);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.shown.length, End: this.shown.length }[event.key];
    if (step) this.choose(Math.min(Math.max(this.at + step, 0), this.shown.length - 1), true);
    else if (event.key === "ArrowLeft") this.fold(this.at, true);
    else if (event.key === "ArrowRight") this.fold(this.at, false);
    else return;
    event.preventDefault();
  };

  fold(place, on) {
    const row = this.held.rows[this.shown[place]];
    if (!row[CHILDREN]) return false;
    if (on) this.folded.add(row[ID]);
    else this.folded.delete(row[ID]);
    this.at = Math.min(this.at, place);
    this.unfolded();
    return true;
  }

  choose(place, fetching) {
    this.at = place;
    const top = place * ROW;
    if (top < this.list.scrollTop) this.list.scrollTop = top;
    if (top + ROW > this.list.scrollTop + this.list.clientHeight) this.list.scrollTop = top + ROW - this.list.clientHeight;
    this.draw();
    if (!fetching) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.show(this.held.rows[this.shown[place]][ID]), 80);
  }

  async show(id) {
    const url = new URL(location.href);
    url.searchParams.set("span", id);
    history.replaceState(history.state, "", url);
    const into = document.getElementById("span-detail");
    await window.htmx.ajax("GET", `/traces/${this.getAttribute("trace")}/spans/${id}`, { source: this, target: into, swap: "innerHTML" });
  }
}

customElements.define("trace-waterfall", TraceWaterfall);
