// <live-state interval="5" live>: beats while the page is visible. Each beat is a `refresh` event on the body: htmx
// refreshes <main>, charts fetch what is new. Shows "Live · 3 s ago", and "Stale" when refreshes fail.
const STALE_AFTER_BEATS = 3;

class LiveState extends HTMLElement {
  connectedCallback() {
    this.live = this.hasAttribute("live");
    this.interval = Number(this.getAttribute("interval") ?? 5) * 1000;
    this.fresh = Date.now();
    this.failed = "";
    document.addEventListener("visibilitychange", this.visibility);
    document.body.addEventListener("htmx:after:swap", this.succeeded);
    document.body.addEventListener("htmx:response:error", this.failing);
    document.body.addEventListener("htmx:error", this.failing);
    this.clock = setInterval(this.show, 1000);
    this.schedule();
    this.show();
  }

  disconnectedCallback() {
    clearInterval(this.clock);
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.visibility);
    document.body.removeEventListener("htmx:after:swap", this.succeeded);
    document.body.removeEventListener("htmx:response:error", this.failing);
    document.body.removeEventListener("htmx:error", this.failing);
  }

  schedule() {
    clearTimeout(this.timer);
    if (this.live && !document.hidden) this.timer = setTimeout(this.beat, this.interval);
  }

  beat = () => {
    document.body.dispatchEvent(new CustomEvent("refresh"));
    this.schedule();
  };

  // A page that was hidden for a while catches up at once.
  visibility = () => {
    if (!document.hidden && this.live && Date.now() - this.fresh > this.interval) this.beat();
    else this.schedule();
  };

  succeeded = () => {
    this.fresh = Date.now();
    this.failed = "";
    this.show();
  };

  failing = (event) => {
    const status = event.detail?.ctx?.response?.status;
    this.failed = status ? `server answered ${status}` : "server does not answer";
    this.show();
  };

  show = () => {
    const label = this.querySelector("[data-label]");
    const age = Math.round((Date.now() - this.fresh) / 1000);
    const stale = this.live && (this.failed || Date.now() - this.fresh > STALE_AFTER_BEATS * this.interval);
    const state = !this.live ? "paused" : stale ? "stale" : "live";
    if (this.dataset.state !== state) this.dataset.state = state;
    document.body.dataset.live = state;
    if (state === "paused") label.textContent = "Paused";
    else if (state === "stale") label.textContent = `Stale · ${this.failed || `no refresh for ${age} s`}`;
    else label.textContent = age < 2 ? "Live · now" : `Live · ${age} s ago`;
  };
}

customElements.define("live-state", LiveState);
