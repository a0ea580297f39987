// <jump-menu src="/jump.json" who="id" page="Teams">: Ctrl-K (or the button) opens a dialog; typing finds every object.
// Pages that this browser looked at (`page` names where they stand) come first; they are kept by who is signed in.
const DEBOUNCE_MS = 90;
const KEPT = 30;
const SHOWN = 8;

class JumpMenu extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    this.input = this.querySelector("input");
    this.list = this.querySelector("[role=listbox]");
    this.status = this.querySelector("[data-status]");
    this.abort = new AbortController();
    if (this.hasAttribute("page")) this.remember();
    const on = (target, name, handler) => target.addEventListener(name, handler, { signal: this.abort.signal });
    on(document, "keydown", this.shortcut);
    on(this.querySelector("[data-open]"), "click", () => this.open());
    on(this.input, "input", () => {
      this.picked = undefined; // other words: what was picked among the answers to the old ones counts no more
      this.list.setAttribute("aria-busy", "true");
      this.later();
    });
    on(this.input, "keydown", this.navigate);
    on(this.list, "click", (event) => location.assign(event.target.closest("[role=option]").dataset.url));
    on(this.dialog, "click", (event) => event.target === this.dialog && this.dialog.close());
  }

  disconnectedCallback() {
    this.abort.abort();
    clearTimeout(this.timer);
  }

  shortcut = (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      this.dialog.open ? this.dialog.close() : this.open();
    }
  };

  open() {
    this.input.value = "";
    this.picked = undefined;
    this.dialog.showModal();
    this.search();
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(), DEBOUNCE_MS);
  }

  async search() {
    const asked = this.input.value;
    try {
      const answer = await fetch(`${this.getAttribute("src")}?q=${encodeURIComponent(asked)}`);
      if (!answer.ok) throw new Error(`server answered ${answer.status}`);
      const found = await answer.json();
      if (asked !== this.input.value) return;
      this.answered = asked;
      this.fill(this.merged(found.items, asked));
    } catch (problem) {
      this.status.textContent = `Cannot search: ${problem.message}`;
      this.list.removeAttribute("aria-busy");
    }
  }

  recent() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key)) ?? [];
      return kept.filter((one) => typeof one.url === "string" && one.url.startsWith("/") && typeof one.name === "string");
    } catch {
      return []; // no storage here, or not ours
    }
  }

  get key() {
    return `trimtab_recent:${this.getAttribute("who")}`;
  }

  remember() {
    const name = document.title.replace(/ · trimtab$/, "");
    const here = { kind: this.getAttribute("page"), name, hint: "recent", url: location.pathname };
    const kept = [here, ...this.recent().filter((one) => one.url !== here.url)].slice(0, KEPT);
    try {
      localStorage.setItem(this.key, JSON.stringify(kept));
    } catch {
      // no storage here: then nothing is recent
    }
  }

  // What is named exactly so, then what was looked at lately, then the rest; each page once.
  merged(items, asked) {
    const words = asked.toLowerCase().split(/\s+/).filter(Boolean);
    const exact = items.filter((one) => words.length && one.name.toLowerCase() === asked.trim().toLowerCase());
    const lately = this.recent()
      .filter((one) => one.url !== location.pathname && words.every((word) => one.name.toLowerCase().includes(word)))
      .slice(0, SHOWN);
    const byUrl = new Map();
    for (const one of [...exact, ...lately, ...items]) if (!byUrl.has(one.url)) byUrl.set(one.url, one);
    return [...byUrl.values()];
  }

  fill(items) {
    this.list.replaceChildren(...items.map((item, index) => option(item, index)));
    this.status.textContent = items.length ? "" : "Nothing matches. Try part of a name, or a whole id.";
    const kept = items.findIndex((one) => one.url === this.picked);
    this.choose(Math.max(kept, 0));
    this.list.removeAttribute("aria-busy");
  }

  options() {
    return [...this.list.querySelectorAll("[role=option]")];
  }

  choose(index) {
    const options = this.options();
    options.forEach((node, at) => node.setAttribute("aria-selected", String(at === index)));
    this.chosen = index;
    this.input.setAttribute("aria-activedescendant", options[index]?.id ?? "");
    options[index]?.scrollIntoView({ block: "nearest" });
  }

  // Chosen by the person: it stays chosen when the answer to the last letter fills the list anew.
  pick(index) {
    this.choose(index);
    this.picked = this.options()[index].dataset.url;
  }

  navigate = (event) => {
    const count = this.options().length;
    if (event.key === "ArrowDown" && count) this.pick((this.chosen + 1) % count);
    else if (event.key === "ArrowUp" && count) this.pick((this.chosen - 1 + count) % count);
    else if (event.key === "Enter") this.go();
    else return;
    event.preventDefault();
  };

  // Enter may come before the answer to the last letter: what was typed counts, not what is still shown.
  async go() {
    clearTimeout(this.timer);
    if (this.answered !== this.input.value) await this.search();
    const option = this.options()[this.chosen];
    if (option) location.assign(option.dataset.url);
  }
}

function option(item, index) {
  const node = document.createElement("li");
  node.id = `jump-${index}`;
  node.setAttribute("role", "option");
  node.dataset.url = item.url;
  for (const [name, text] of [["jump-kind", item.kind], ["jump-name", item.name], ["jump-hint", item.hint]]) {
    const part = document.createElement("span");
    part.className = name;
    part.textContent = text;
    node.append(part);
  }
  return node;
}

customElements.define("jump-menu", JumpMenu);
