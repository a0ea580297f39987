// <time-series src label height legend="table|none|right" stacked max batch fill>: a chart of lines that the server sends;
// with `fill` as high as what it is in allows.
// Drag zooms (from/to in the URL), a click leads to what happened then, cursors are synchronised, refreshes fetch only what is new.
import uPlot from "uplot";
import { pointLegend, renderLegend } from "./legend.js";
import { plotOptions } from "./plot.js";
import { pointMenu } from "./point-menu.js";
import { columns, merge, sinceOf } from "./series-data.js";
import { read } from "./series-fetch.js";

const PIXEL_HEIGHT = 190;

class TimeSeries extends HTMLElement {
  connectedCallback() {
    this.held = null;
    this.isolated = null;
    this.box = document.createElement("div");
    this.box.className = "plot";
    this.box.setAttribute("role", "img");
    this.box.setAttribute("aria-label", this.getAttribute("label") ?? "Chart");
    this.note = document.createElement("p");
    this.note.className = "plot-note";
    this.legend = document.createElement("div");
    this.legend.className = "legend";
    this.replaceChildren(this.box, this.note, this.legend);
    this.state("loading", "Loading…");
    this.seen = new IntersectionObserver((seen) => this.visible(seen.at(-1).isIntersecting), { rootMargin: "200px" });
    this.seen.observe(this);
    this.sized = new ResizeObserver(() => this.resize());
    this.sized.observe(this.box);
    document.body.addEventListener("refresh", this.refresh);
    document.addEventListener("theme-changed", this.draw);
  }

  disconnectedCallback() {
    this.seen.disconnect();
    this.sized.disconnect();
    this.request?.abort();
    this.plot?.destroy();
    document.body.removeEventListener("refresh", this.refresh);
    document.removeEventListener("theme-changed", this.draw);
  }

  state(name, message = "") {
    this.dataset.state = name;
    this.note.textContent = message;
  }

  visible(on) {
    this.onScreen = on;
    if (on && (!this.held || this.missed)) this.refresh();
  }

  refresh = () => {
    if (this.dataset.held) return this.held ?? this.take(JSON.parse(this.dataset.held)); // a preview brings its data
    this.missed = !this.onScreen;
    if (this.onScreen) this.load(this.held ? sinceOf(this.held) : null);
  };

  async load(since) {
    this.request?.abort();
    this.request = new AbortController();
    try {
      const batch = this.hasAttribute("batch");
      const merged = merge(this.held, await read(this.getAttribute("src"), since, batch, this.request.signal));
      if (merged) this.take(merged);
      else await this.load(null);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      this.state(this.held ? "stale" : "error", `${this.held ? "Not refreshed" : "Cannot draw"}: ${problem.message}`);
    }
  }

  take(held) {
    const shape = JSON.stringify([held.step, held.format, held.series.map((one) => one.key)]);
    const same = shape === this.shape && this.plot;
    this.shape = shape;
    this.held = held;
    if (!held.series.some((one) => one.values.some((value) => value !== null))) {
      this.plot?.destroy();
      this.plot = null;
      this.legend.replaceChildren();
      this.state("empty", held.empty ?? "No data in this range.");
      return;
    }
    this.state("ready");
    if (same) {
      this.plot.setData(columns(held, this.stacked()));
      this.drawLegend();
      pointLegend(this.legend, held, this.plot.cursor.idx);
    } else {
      this.isolated = null;
      this.draw();
    }
  }

  stacked() {
    return this.hasAttribute("stacked") && this.isolated === null;
  }

  draw = () => {
    if (!this.held?.series.length) return;
    this.plot?.destroy();
    this.drawLegend(); // first: what it leaves is the plot's
    const stacked = this.stacked();
    const { held } = this;
    const options = plotOptions({
      held,
      current: () => this.held ?? held, // a chart that was taken off the page draws once more
      stacked,
      top: Number(this.getAttribute("max")) || null,
      width: this.box.clientWidth,
      height: this.height(),
      onSelect: (plot) => this.zoom(plot),
      onCursor: (index) => pointLegend(this.legend, this.held, index),
    });
    if (this.isolated !== null) options.series.forEach((one, at) => at && (one.show = at - 1 === this.isolated));
    this.plot = new uPlot(options, columns(this.held, stacked), this.box);
    pointMenu(this.box, this.plot, this.held.step);
  };

  height() {
    const filled = this.hasAttribute("fill") && this.box.clientHeight;
    return filled || Number(this.getAttribute("height")) || PIXEL_HEIGHT;
  }

  drawLegend() {
    if (this.getAttribute("legend") === "none") return;
    const names = [...this.legend.querySelectorAll(".legend-name")];
    const focused = names.indexOf(document.activeElement);
    renderLegend(this.legend, this.held, {
      table: this.getAttribute("legend") === "table",
      isolated: this.isolated,
      onIsolate: (index) => {
        this.isolated = this.isolated === index ? null : index;
        this.draw();
      },
    });
    if (focused >= 0) this.legend.querySelectorAll(".legend-name")[focused]?.focus();
  }

  resize() {
    if (this.plot && this.box.clientWidth) this.plot.setSize({ width: this.box.clientWidth, height: this.height() });
  }

  zoom(plot) {
    const { left, width } = plot.select;
    const url = new URL(location.href);
    const at = (x) => String(Math.round(plot.posToVal(x, "x")));
    url.searchParams.set("from", at(left));
    url.searchParams.set("to", at(left + width));
    url.searchParams.delete("range");
    location.assign(url);
  }
}

customElements.define("time-series", TimeSeries);
