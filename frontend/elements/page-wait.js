// <page-wait>: the next page takes longer than a moment: a bar runs along the top, and what is on the page steps back.
const PATIENCE_MS = 300;
const FILES = /\.(csv|json|png|pdf|html|parquet|xlsx)$/;

class PageWait extends HTMLElement {
  connectedCallback() {
    this.abort = new AbortController();
    const on = (target, name, handler) => target.addEventListener(name, handler, { signal: this.abort.signal });
    on(document, "click", this.clicked);
    on(document, "submit", (event) => event.defaultPrevented || this.begin());
    on(window, "pageshow", this.end);
    on(window, "pagehide", this.end);
  }

  disconnectedCallback() {
    this.abort.abort();
    this.end();
  }

  clicked = (event) => {
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest?.("a[href]");
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    const here = link.pathname === location.pathname && link.search === location.search && link.hash;
    if (!here && !FILES.test(link.pathname)) this.begin();
  };

  begin() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      document.documentElement.dataset.waiting = "";
      this.textContent = "Loading…";
    }, PATIENCE_MS);
  }

  end = () => {
    clearTimeout(this.timer);
    delete document.documentElement.dataset.waiting;
    this.textContent = "";
  };
}

customElements.define("page-wait", PageWait);
