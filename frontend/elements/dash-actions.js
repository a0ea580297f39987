// <dash-actions name version>: what is done with a dashboard as a whole, through REST: create, import, duplicate, share,
// restore, delete. Buttons with data-open show a dialog, those with data-run act; forms with data-action act on submit.
import { moment } from "./format.js";
import { send } from "./rest.js";

const ROOT = "/rest/v1/dashboards";
const page = (name, query = "") => location.assign(`/dashboards/${encodeURIComponent(name)}${query}`);

class DashActions extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", this.click);
    this.addEventListener("submit", this.submit);
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.click);
    this.removeEventListener("submit", this.submit);
  }

  get path() {
    return `${ROOT}/${encodeURIComponent(this.getAttribute("name"))}`;
  }

  click = async (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.open) this.open(document.getElementById(button.dataset.open));
    else if (button && "close" in button.dataset) button.closest("dialog").close();
    else if (button?.dataset.run === "duplicate") page((await send("POST", `${this.path}/duplicate`, {})).name);
    else if (button?.dataset.run === "delete") await this.remove();
    else if (button?.dataset.revoke) await this.revoke(button);
    else if (button?.dataset.restore) await this.restore(button);
  };

  async remove() {
    if (!confirm(`Delete ${this.getAttribute("name")}? The links that share it end.`)) return;
    await send("DELETE", this.path);
    location.assign("/dashboards");
  }

  open(dialog) {
    dialog.showModal();
    if (dialog.id === "share-dialog") this.shares(dialog);
    if (dialog.id === "versions-dialog") this.versions(dialog);
  }

  submit = async (event) => {
    event.preventDefault();
    const form = event.target;
    const problem = form.querySelector("[data-problem]");
    problem.textContent = "";
    try {
      await this[form.dataset.action]?.(form, new FormData(form));
    } catch (failure) {
      problem.textContent = failure.message;
    }
  };

  async create(_form, data) {
    await send("PUT", `${ROOT}/${encodeURIComponent(data.get("name"))}`, { body: { widgets: [] }, version: 0 });
    page(data.get("name"), "?edit=1&live=off");
  }

  async import(form, data) {
    const file = data.get("file");
    const text = file?.size ? await file.text() : data.get("text");
    const made = await send("POST", "/rest/v1/dashboard-imports", { document: JSON.parse(text), name: data.get("name") });
    const link = Object.assign(document.createElement("a"), { href: `/dashboards/${made.name}`, textContent: made.name });
    const lead = document.createElement("p");
    lead.append("Made ", link, ` from ${made.source}: ${made.widgets} panels.`);
    const items = made.left.map((one) => line("li", `${one.what}: ${one.why}`));
    const rest = items.length ? [line("p", "Left out or changed:"), wrap("ul", ...items)] : [line("p", "Nothing was left out.")];
    show(form, lead, ...rest);
  }

  async share(form, data) {
    const made = await send("POST", `${this.path}/shares`, { expires: data.get("expires") });
    const input = Object.assign(document.createElement("input"), { readOnly: true, value: location.origin + made.path });
    input.setAttribute("aria-label", "The link");
    show(form, line("p", "The link, shown only now:"), input);
    input.select();
    await this.shares(form);
  }

  async shares(holder) {
    const { shares } = await send("GET", `${this.path}/shares`);
    const items = shares.map((one) => {
      const item = line("li", `until ${moment(one.expires_ms).slice(0, 16)}, by ${one.created_by} `);
      item.append(act("End it", "revoke", one.id));
      return item;
    });
    holder.querySelector("[data-list]").replaceChildren(...(items.length ? [wrap("ul", ...items)] : [line("p", "No link opens it now.")]));
  }

  async revoke(button) {
    await send("DELETE", `${this.path}/shares/${button.dataset.revoke}`);
    await this.shares(button.closest("dialog"));
  }

  async versions(dialog) {
    const { versions } = await send("GET", `${this.path}/versions`);
    const items = versions.map((one) => {
      const item = line("li", `version ${one.version}, ${moment(one.modified_ms).slice(0, 16)} `);
      item.append(act("Bring it back", "restore", one.version));
      return item;
    });
    dialog.querySelector("[data-list]").replaceChildren(...(items.length ? [wrap("ul", ...items)] : [line("p", "There is no earlier version.")]));
  }

  async restore(button) {
    await send("POST", `${this.path}/restore`, { version: Number(button.dataset.restore) });
    location.reload();
  }
}

function show(form, ...nodes) {
  const place = form.querySelector("[data-result]");
  place.hidden = false;
  place.replaceChildren(...nodes);
}

function act(label, name, value) {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "button small", textContent: label });
  made.dataset[name] = value;
  return made;
}

function line(tag, content) {
  return Object.assign(document.createElement(tag), { textContent: content });
}

function wrap(tag, ...children) {
  const node = document.createElement(tag);
  node.append(...children);
  return node;
}

customElements.define("dash-actions", DashActions);
