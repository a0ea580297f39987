// The dialogs that edit one widget, as a form or as JSON, and the whole body as JSON: checked while it is typed, drawn
// beside it, kept by Apply.
import { widgetForm } from "./dash-fields.js";
import { send } from "./rest.js";

const PAUSE_MS = 300;

export function openWidget(editor, index) {
  open(editor, {
    title: "Edit the panel",
    value: editor.body.widgets[index],
    form: true,
    check: (widget) => ({ widgets: [widget] }),
    within: "/widgets/0",
    keep: (widget) => editor.change((body) => (body.widgets[index] = widget)),
  });
}

export function openBody(editor) {
  const keep = (body) => editor.change(() => (editor.body = body));
  open(editor, { title: "The dashboard as JSON", value: editor.body, check: (body) => body, within: "", keep });
}

function open(editor, { title, value, form, check, within, keep }) {
  let held = value;
  let timer;
  let fields;
  let turn = 0;
  const dialog = make("dialog", { className: form ? "dash-dialog wide" : "dash-dialog" });
  dialog.setAttribute("aria-label", title);
  const text = make("textarea", { rows: form ? 12 : 26, spellcheck: false });
  text.setAttribute("aria-label", form ? "The panel as JSON" : title);
  const faults = make("ul", { className: "dash-faults" });
  faults.setAttribute("role", "status");
  const preview = make("div", { className: "panel dash-preview" });
  const apply = editor.button("Apply", () => (keep(held), dialog.close()), "primary");
  const holder = make("div", {});
  const left = make("div", { className: "stack" });
  const foot = make("div", { className: "controls end" });
  foot.append(editor.button("Cancel", () => dialog.close()), apply);
  if (form) left.append(holder, fold("As JSON", text), faults);
  else left.append(text, faults);
  const sides = make("div", { className: form ? "dash-sides" : "" });
  sides.append(left, ...(form ? [preview] : []));
  dialog.append(make("h2", { textContent: title }), sides, foot);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  text.addEventListener("input", () => {
    try {
      held = JSON.parse(text.value);
      if (form) rebuild();
      later();
    } catch (problem) {
      list([{ path: "", text: problem.message, error: true }]);
    }
  });
  text.value = JSON.stringify(held, null, 2);
  if (form) rebuild();
  dialog.showModal();
  look();

  function rebuild() {
    fields = widgetForm(held, (next) => {
      const retyped = next.type !== held.type;
      held = next;
      text.value = JSON.stringify(held, null, 2);
      if (retyped) rebuild();
      if (retyped) holder.querySelector("select").focus();
      later();
    }, editor.grid.getAttribute("metrics"));
    holder.replaceChildren(fields.node);
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE_MS);
  }

  async function look() {
    const mine = (turn += 1);
    const checked = held; // typing goes on while the answer is awaited: only what was found good is drawn
    try {
      const { messages } = await send("POST", "/rest/v1/dashboard-checks", { body: check(checked) });
      if (mine !== turn) return;
      list(messages.map((one) => ({ ...one, path: one.path.replace(within, "") })));
      if (form && !messages.some((one) => one.error)) await editor.preview(checked, preview);
    } catch (problem) {
      list([{ path: "", text: problem.message, error: true }]);
    }
  }

  function list(messages) {
    apply.disabled = messages.some((one) => one.error);
    const rest = fields ? fields.mark(messages) : messages;
    faults.replaceChildren(
      ...rest.map((one) => make("li", { className: one.error ? "bad" : "warn", textContent: `${one.path || "/"}: ${one.text}` })),
    );
  }
}

function fold(label, inside) {
  const made = make("details", {});
  made.append(make("summary", { textContent: label }), inside);
  return made;
}

function make(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}
