// <log-tail src="/rest/v1/logs/tail?group=…">: follows a stream of server-sent events into the table inside it, the
// newest first. `[data-state]` says how it goes, `[data-pause]` and `[data-clear]` are buttons, `[data-empty]` shows
// until the first event.
import { moment } from "./format.js";

const MOST_ROWS = 500;
const MINUTE_MS = 60_000;

class LogTail extends HTMLElement {
  connectedCallback() {
    this.rows = this.querySelector("tbody");
    this.state = this.querySelector("[data-state]");
    this.button = this.querySelector("[data-pause]");
    this.empty = this.querySelector("[data-empty]");
    this.arrivals = [];
    this.button.addEventListener("click", this.toggle);
    this.querySelector("[data-clear]").addEventListener("click", this.clear);
    this.open();
  }

  disconnectedCallback() {
    this.close();
  }

  open() {
    this.source = new EventSource(this.getAttribute("src"));
    this.source.onopen = () => this.say("Following");
    this.source.onmessage = (message) => this.take(JSON.parse(message.data));
    this.source.onerror = () =>
      this.say(this.source?.readyState === EventSource.CLOSED ? "Stopped: the server refused" : "Connecting again");
    this.source.addEventListener("end", () => this.stop("Ended after three hours"));
    this.button.textContent = "Pause";
  }

  close() {
    this.source?.close();
    this.source = undefined;
  }

  stop(why) {
    this.close();
    this.button.textContent = "Resume";
    this.say(why);
  }

  toggle = () => {
    if (this.source) this.stop("Paused: what comes now is not shown");
    else this.open();
  };

  clear = () => {
    this.rows.replaceChildren();
    this.empty.hidden = false;
  };

  take(update) {
    const now = Date.now();
    this.arrivals.push([now, update.seen]);
    while (this.arrivals[0][0] < now - MINUTE_MS) this.arrivals.shift();
    for (const event of update.events) this.rows.prepend(this.row(event));
    while (this.rows.childElementCount > MOST_ROWS) this.rows.lastElementChild.remove();
    if (update.events.length) this.empty.hidden = true;
    const seen = this.arrivals.reduce((sum, [, count]) => sum + count, 0);
    const sampled = update.seen > update.events.length;
    const rate = `${seen.toLocaleString("en")} in the last minute`;
    this.say(sampled ? `${rate}; too many to show all: a sample` : rate);
  }

  row(event) {
    const row = document.createElement("tr");
    const at = moment(event.time_ms);
    row.append(cell(at.slice(11), "log-time", at), cell(event.stream, "log-stream", event.group));
    const code = document.createElement("code");
    code.textContent = event.message;
    const message = cell("", "log-message", event.severity);
    message.append(code);
    row.append(message);
    return row;
  }

  say(text) {
    if (this.state.textContent !== text) this.state.textContent = text;
  }
}

function cell(text, name, title) {
  const made = document.createElement("td");
  made.className = name;
  made.textContent = text;
  if (title) made.title = title;
  return made;
}

customElements.define("log-tail", LogTail);
