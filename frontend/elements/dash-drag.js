// Moving and resizing a panel with the pointer: by its head and by its corner, in steps of the grid.
const COLUMNS = 24;
const ROW = 56; // a row and its gap, as dashboards.css has them

export function drag(editor, item, head, corner) {
  head.addEventListener("pointerdown", (event) => begin(editor, item, event, false));
  corner.addEventListener("pointerdown", (event) => begin(editor, item, event, true));
}

function begin(editor, item, down, sizing) {
  if (down.button !== 0 || down.target.closest("button")) return;
  down.preventDefault();
  const column = editor.grid.clientWidth / COLUMNS;
  const { x, y, w, h } = item.dataset;
  const was = { x: Number(x), y: Number(y), w: Number(w), h: Number(h) };
  let now = was;
  const holder = down.currentTarget;
  holder.setPointerCapture(down.pointerId);
  item.classList.add("dragged");
  const move = (event) => {
    const dx = Math.round((event.clientX - down.clientX) / column);
    const dy = Math.round((event.clientY - down.clientY) / ROW);
    now = sizing
      ? { ...was, w: Math.min(Math.max(was.w + dx, 1), COLUMNS - was.x), h: Math.max(was.h + dy, 1) }
      : { ...was, x: Math.min(Math.max(was.x + dx, 0), COLUMNS - was.w), y: Math.max(was.y + dy, 0) };
    Object.assign(item.dataset, now);
    editor.grid.place();
  };
  const stop = () => {
    holder.removeEventListener("pointermove", move);
    item.classList.remove("dragged");
    if (now !== was) editor.resize(Number(item.dataset.index), now);
  };
  holder.addEventListener("pointermove", move);
  holder.addEventListener("pointerup", stop, { once: true });
  holder.addEventListener("pointercancel", stop, { once: true });
}
