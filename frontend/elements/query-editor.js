// <query-editor src="/logs/vocabulary.json" data-start data-end>: a textarea that completes commands, functions and fields
// of Logs Insights, and begins with the caret at what was wrong. Ctrl-Space asks, Tab or Enter takes, Ctrl-Enter runs.
const MOST = 12;
const WORD = /[A-Za-z0-9_@.$`]*$/;

class QueryEditor extends HTMLElement {
  connectedCallback() {
    this.text = this.querySelector("textarea");
    this.list = this.querySelector("[role=listbox]");
    this.list.id = "query-words";
    this.text.setAttribute("aria-autocomplete", "list");
    this.text.setAttribute("aria-controls", this.list.id);
    this.abort = new AbortController();
    const on = (target, name, handler) => target.addEventListener(name, handler, { signal: this.abort.signal });
    on(this.text, "input", () => this.complete(false));
    on(this.text, "keydown", this.key);
    on(this.text, "blur", () => setTimeout(() => this.close(), 150));
    on(this.list, "mousedown", (event) => {
      event.preventDefault();
      this.take(this.list.querySelectorAll("li").length ? event.target.closest("li") : null);
    });
    if (this.dataset.start !== undefined) {
      this.text.focus();
      this.text.setSelectionRange(Number(this.dataset.start), Number(this.dataset.end));
    }
  }

  disconnectedCallback() {
    this.abort.abort();
  }

  key = (event) => {
    const open = !this.list.hidden;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.text.form.requestSubmit();
    else if (event.key === " " && event.ctrlKey) this.complete(true);
    else if (open && event.key === "Escape") this.close();
    else if (open && event.key === "ArrowDown") this.choose(this.at + 1);
    else if (open && event.key === "ArrowUp") this.choose(this.at - 1);
    else if (open && (event.key === "Enter" || event.key === "Tab")) this.take(this.list.children[this.at]);
    else return;
    event.preventDefault();
  };

  async complete(asked) {
    const before = this.text.value.slice(0, this.text.selectionStart);
    const word = WORD.exec(before)[0];
    if (!asked && word.replace("`", "").length < 1) return this.close();
    this.words ??= this.read();
    const known = await this.words;
    if (before !== this.text.value.slice(0, this.text.selectionStart)) return;
    const command = /(^|\|)\s*$/.test(before.slice(0, before.length - word.length));
    const among = command ? known.commands : [...known.fields, ...known.functions, ...known.operators];
    const wanted = word.replace("`", "").toLowerCase();
    const rank = (one) => (one.name.toLowerCase().startsWith(wanted) ? 0 : 1);
    const found = among.filter((one) => one.name.toLowerCase().includes(wanted) && one.name !== word);
    this.show(found.sort((a, b) => rank(a) - rank(b)).slice(0, MOST), known.functions);
  }

  async read() {
    try {
      const answer = await fetch(this.getAttribute("src"));
      if (answer.ok) return await answer.json();
    } catch {
      // without the server there is nothing to complete with; the query can be written all the same
    }
    this.words = undefined;
    return { commands: [], functions: [], operators: [], fields: [] };
  }

  show(found, functions) {
    this.list.replaceChildren(
      ...found.map((one, index) => {
        const item = document.createElement("li");
        item.id = `query-word-${index}`;
        item.setAttribute("role", "option");
        item.dataset.word = insertion(one, functions.includes(one));
        const name = document.createElement("code");
        name.textContent = one.form;
        const says = document.createElement("span");
        says.textContent = one.says;
        item.append(name, says);
        return item;
      }),
    );
    this.list.hidden = !found.length;
    this.choose(0);
  }

  choose(index) {
    const items = this.list.children;
    if (!items.length) return this.text.removeAttribute("aria-activedescendant");
    this.at = (index + items.length) % items.length;
    [...items].forEach((item, at) => item.setAttribute("aria-selected", String(at === this.at)));
    items[this.at].scrollIntoView({ block: "nearest" });
    this.text.setAttribute("aria-activedescendant", items[this.at].id);
  }

  take(item) {
    if (!item) return;
    const end = this.text.selectionStart;
    const start = end - WORD.exec(this.text.value.slice(0, end))[0].length;
    this.text.setRangeText(item.dataset.word, start, end, "end");
    if (item.dataset.word.endsWith(")")) this.text.selectionEnd -= 1;
    this.close();
  }

  close() {
    this.list.hidden = true;
    this.text.removeAttribute("aria-activedescendant");
  }
}

// What is put in: a call with its parentheses, a name that needs them in backticks.
function insertion(one, call) {
  if (call) return `${one.name}()`;
  return /^[A-Za-z@_$][A-Za-z0-9_@.$]*$/.test(one.name) ? one.name : `\`${one.name}\``;
}

customElements.define("query-editor", QueryEditor);
