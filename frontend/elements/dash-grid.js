// <dash-grid panels="URL">: places panels in 24 columns, and asks for the values of those on the screen, all at once.
// With `editing` it loads the editor. Charts (time-series) load themselves.
import { edit } from "./dash-edit.js";

const COLUMNS = 24;

class DashGrid extends HTMLElement {
  connectedCallback() {
    this.fresh = new Set();
    this.place();
    if (this.hasAttribute("editing")) {
      this.editor = edit(this);
      return;
    }
    this.seen = new IntersectionObserver((entries) => this.visible(entries), { rootMargin: "200px" });
    for (const item of this.values()) this.seen.observe(item);
    document.body.addEventListener("refresh", this.refresh);
  }

  disconnectedCallback() {
    this.seen?.disconnect();
    this.editor?.end();
    clearTimeout(this.timer);
    document.body.removeEventListener("refresh", this.refresh);
  }

  items() {
    return [...this.querySelectorAll(":scope > .dash-item")];
  }

  values() {
    return this.items().filter((item) => item.querySelector("[data-values]"));
  }

  // Attributes say where a panel is; the style follows. A phone shows them one below the other, in reading order.
  place() {
    const order = (item) => Number(item.dataset.y) * COLUMNS + Number(item.dataset.x);
    for (const item of this.items()) {
      const { x, y, w, h } = item.dataset;
      item.style.gridArea = `${Number(y) + 1} / ${Number(x) + 1} / span ${h} / span ${w}`;
      item.style.setProperty("--h", h);
      item.style.order = order(item);
    }
  }

  visible(entries) {
    for (const { target, isIntersecting } of entries) {
      target.onScreen = isIntersecting;
      if (isIntersecting && !this.fresh.has(target)) this.ask();
    }
  }

  refresh = () => {
    this.fresh.clear();
    this.ask();
  };

  ask() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load());
  }

  async load() {
    const wanted = this.values().filter((item) => item.onScreen && !this.fresh.has(item));
    if (!wanted.length) return;
    for (const item of wanted) this.fresh.add(item);
    const url = new URL(this.getAttribute("panels"), location.href);
    for (const item of wanted) url.searchParams.append("w", item.dataset.index);
    await window.htmx.ajax("GET", url.pathname + url.search, { source: this, target: this, swap: "none" });
    for (const item of wanted) item.toggleAttribute("data-shown", true);
  }
}

customElements.define("dash-grid", DashGrid);
