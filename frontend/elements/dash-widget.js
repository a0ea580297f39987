// The dialog that edits one widget as JSON: checked while it is typed, drawn beside it, kept by OK.
import { send } from "./rest.js";

const PAUSE_MS = 300;

export function openWidget(editor, index) {
  const dialog = document.createElement("dialog");
  dialog.className = "wide dash-dialog";
  dialog.setAttribute("aria-label", "Edit the panel");
  const text = Object.assign(document.createElement("textarea"), { rows: 18, spellcheck: false });
  text.setAttribute("aria-label", "The panel as JSON");
  text.value = JSON.stringify(editor.body.widgets[index], null, 2);
  const faults = Object.assign(document.createElement("ul"), { className: "dash-faults" });
  faults.setAttribute("role", "status");
  const preview = Object.assign(document.createElement("div"), { className: "panel dash-preview" });
  const ok = editor.button("OK", () => keep(), "primary");
  const foot = Object.assign(document.createElement("div"), { className: "controls" });
  foot.append(editor.button("Cancel", () => dialog.close()), ok);
  const sides = Object.assign(document.createElement("div"), { className: "dash-sides" });
  const left = Object.assign(document.createElement("div"), { className: "stack" });
  left.append(text, faults);
  sides.append(left, preview);
  dialog.append(sides, foot);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  let timer;
  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE_MS);
  });
  look();

  function read() {
    try {
      return JSON.parse(text.value);
    } catch (problem) {
      list([{ path: "", text: problem.message, error: true }]);
      return null;
    }
  }

  async function look() {
    const widget = read();
    ok.disabled = widget === null;
    if (widget === null) return;
    try {
      const { messages } = await send("POST", "/rest/v1/dashboard-checks", { body: { widgets: [widget] } });
      list(messages);
      ok.disabled = messages.some((one) => one.error);
      if (!ok.disabled) await editor.preview(widget, preview);
    } catch (problem) {
      list([{ path: "", text: problem.message, error: true }]);
    }
  }

  function list(messages) {
    faults.replaceChildren(
      ...messages.map((one) => {
        const item = document.createElement("li");
        item.className = one.error ? "bad" : "warn";
        item.textContent = `${one.path.replace("/widgets/0", "") || "/"}: ${one.text}`;
        return item;
      }),
    );
  }

  function keep() {
    const widget = read();
    if (widget === null) return;
    editor.change((all) => (all[index] = widget));
    dialog.close();
  }
}
