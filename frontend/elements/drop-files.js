// <drop-files kind="bill|slurm"> around a file input: files that are dropped or chosen are sent to the server in parts;
// a bill is imported then, SLURM's output is read. The receipts below tell what came of it.
import { send } from "./rest.js";

const PART = 8 << 20;

class DropFiles extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input[type=file]");
    this.status = this.querySelector("[data-status]");
    this.zone = this.querySelector(".drop");
    this.input.addEventListener("change", () => this.take(this.input.files));
    this.zone.addEventListener("dragover", (event) => {
      event.preventDefault();
      this.zone.dataset.over = "";
    });
    this.zone.addEventListener("dragleave", () => delete this.zone.dataset.over);
    this.zone.addEventListener("drop", (event) => {
      event.preventDefault();
      delete this.zone.dataset.over;
      this.take(event.dataTransfer.files);
    });
  }

  async take(files) {
    if (!files.length || this.busy) return;
    this.busy = true;
    try {
      const { id } = await send("POST", "/rest/v1/costs/uploads");
      for (const file of files) await this.upload(id, file);
      this.status.textContent = "Sent. Being read…";
      await this.begin(id, files);
    } catch (problem) {
      this.status.textContent = problem.message;
      this.busy = false;
    }
  }

  async upload(id, file) {
    for (let at = 0; at === 0 || at < file.size; at += PART) {
      this.status.textContent = `Sending ${file.name}: ${file.size ? Math.round((100 * at) / file.size) : 100} %`;
      const query = new URLSearchParams({ name: file.name, offset: String(at) });
      const answer = await fetch(`/rest/v1/costs/uploads/${id}?${query}`, { method: "PUT", body: file.slice(at, at + PART) });
      if (!answer.ok) throw new Error((await answer.json()).error?.message ?? `the server answered ${answer.status}`);
    }
  }

  async begin(id, files) {
    if (this.getAttribute("kind") === "bill") {
      const source = files.length === 1 ? files[0].name : `${files[0].name} and ${files.length - 1} more`;
      await send("POST", "/rest/v1/costs/imports", { location: `upload:${id}`, source });
    } else {
      const answer = await fetch("/connect/slurm", { method: "POST", body: new URLSearchParams({ upload: id }) });
      if (!answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        throw new Error(page.querySelector("main [role=alert]")?.textContent.trim() || `the server answered ${answer.status}`);
      }
    }
    location.assign("/connect#receipts");
    location.reload();
  }
}

customElements.define("drop-files", DropFiles);
