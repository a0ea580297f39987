// <panel-menu><details>…</details></panel-menu>: a disclosure menu that closes on Escape, outside click and choice.
class PanelMenu extends HTMLElement {
  connectedCallback() {
    document.addEventListener("click", this.outside);
    this.addEventListener("keydown", this.escape);
  }

  disconnectedCallback() {
    document.removeEventListener("click", this.outside);
    this.removeEventListener("keydown", this.escape);
  }

  outside = (event) => {
    const details = this.querySelector("details");
    if (details?.open && !this.contains(event.target)) details.open = false;
  };

  escape = (event) => {
    if (event.key !== "Escape") return;
    const details = this.querySelector("details");
    if (!details?.open) return;
    details.open = false;
    details.querySelector("summary").focus();
    event.stopPropagation();
  };
}

customElements.define("panel-menu", PanelMenu);
