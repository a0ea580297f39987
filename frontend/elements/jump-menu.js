// <jump-menu src="/jump.json">: Ctrl-K (or the button) opens a dialog; typing finds pages, hosts and metrics.
const DEBOUNCE_MS = 90;

class JumpMenu extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    this.input = this.querySelector("input");
    this.list = this.querySelector("[role=listbox]");
    this.status = this.querySelector("[data-status]");
    this.abort = new AbortController();
    const on = (target, name, handler) => target.addEventListener(name, handler, { signal: this.abort.signal });
    on(document, "keydown", this.shortcut);
    on(this.querySelector("[data-open]"), "click", () => this.open());
    on(this.input, "input", () => this.later());
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
      this.fill(found.items);
    } catch (problem) {
      this.status.textContent = `Cannot search: ${problem.message}`;
    }
  }

  fill(items) {
    this.list.replaceChildren(...items.map((item, index) => option(item, index)));
    this.status.textContent = items.length ? "" : "Nothing matches. Try part of a host or metric name.";
    this.choose(0);
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

  navigate = (event) => {
    const count = this.options().length;
    if (event.key === "ArrowDown" && count) this.choose((this.chosen + 1) % count);
    else if (event.key === "ArrowUp" && count) this.choose((this.chosen - 1 + count) % count);
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
