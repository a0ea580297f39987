// <trace-scatter src label>: a dot a trace, when it began against how long it took (logarithmic). A click opens the trace,
// a drag writes the range of times and durations into the URL; arrow keys walk over the dots, Enter opens.
import { moment } from "./format.js";
import { paintOn, scalesOf } from "./trace-dots.js";
import { duration } from "./trace-format.js";

class TraceScatter extends HTMLElement {
  connectedCallback() {
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", `${this.getAttribute("label")}; arrow keys choose a trace, Enter opens it`);
    this.note = document.createElement("p");
    this.note.className = "plot-note";
    this.note.setAttribute("role", "status");
    this.note.textContent = "Loading…";
    this.replaceChildren(this.canvas, this.note);
    this.abort = new AbortController();
    const on = (target, name, handler) => target.addEventListener(name, handler, { signal: this.abort.signal });
    on(this.canvas, "pointermove", this.move);
    on(this.canvas, "pointerdown", this.press);
    on(this.canvas, "pointerup", this.release);
    on(this.canvas, "keydown", this.key);
    on(this.canvas, "pointerleave", () => this.choose(null));
    on(document, "theme-changed", () => this.draw());
    on(document.body, "refresh", () => this.load());
    this.sized = new ResizeObserver(() => this.draw());
    this.sized.observe(this);
    this.load();
  }

  disconnectedCallback() {
    this.abort.abort();
    this.sized.disconnect();
  }

  async load() {
    try {
      const answer = await fetch(this.getAttribute("src"), { signal: this.abort.signal });
      if (!answer.ok) throw new Error(`server answered ${answer.status}`);
      this.held = await answer.json();
      this.held.points.sort((one, other) => one[0] - other[0]);
      this.note.textContent = "";
      this.draw();
    } catch (problem) {
      if (problem.name !== "AbortError") this.note.textContent = `Cannot draw: ${problem.message}`;
    }
  }

  draw() {
    if (!this.held || !this.clientWidth) return;
    this.scale = scalesOf(this.held, this.clientWidth);
    paintOn(this.canvas, this.held, this.scale, this.chosen, this.from && this.to ? [this.from, this.to] : null);
  }

  choose(point) {
    if (point === this.chosen) return;
    this.chosen = point;
    this.note.textContent = point ? `${point[4]} · ${duration(point[1])}${point[2] ? " · failed" : ""} · ${moment(point[0]).slice(11)}` : "";
    this.draw();
  }

  nearest(x, y) {
    let best = null;
    let least = 14 ** 2;
    for (const point of this.held?.points ?? []) {
      const far = (this.scale.x(point[0]) - x) ** 2 + (this.scale.y(point[1]) - y) ** 2;
      if (far < least) [best, least] = [point, far];
    }
    return best;
  }

  spot = (event) => ({ x: event.offsetX, y: event.offsetY });

  press = (event) => {
    this.from = this.spot(event);
    this.canvas.setPointerCapture(event.pointerId);
  };

  move = (event) => {
    const spot = this.spot(event);
    if (this.from) this.to = spot;
    else this.choose(this.nearest(spot.x, spot.y));
    if (this.from) this.draw();
  };

  release = (event) => {
    const [from, to] = [this.from, this.spot(event)];
    this.from = this.to = null;
    if (!from || !this.held) return;
    if (Math.abs(from.x - to.x) < 6 && Math.abs(from.y - to.y) < 6) return this.open(this.nearest(to.x, to.y));
    const url = new URL(location.href);
    const times = [from.x, to.x].map((x) => Math.round(this.scale.time(x))).sort((a, b) => a - b);
    const lengths = [from.y, to.y].map((y) => this.scale.ms(y)).sort((a, b) => a - b);
    for (const name of ["range", "page", "live"]) url.searchParams.delete(name);
    url.searchParams.set("from", new Date(times[0]).toISOString());
    url.searchParams.set("to", new Date(times[1] + 1).toISOString());
    url.searchParams.set("low", lengths[0].toFixed(3));
    url.searchParams.set("high", lengths[1].toFixed(3));
    location.assign(url);
  };

  key = (event) => {
    const points = this.held?.points ?? [];
    const at = points.indexOf(this.chosen);
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter") this.open(this.chosen);
    else if (step && points.length) this.choose(points[(at + step + points.length) % points.length]);
    else return;
    event.preventDefault();
  };

  open(point) {
    if (point) location.assign(`/traces/${point[3]}`);
  }
}

customElements.define("trace-scatter", TraceScatter);
