// <nav-groups>: remembers which groups of pages are closed (a cookie: the server paints them so), and keeps the
// current page in sight. The group of the current page is always painted open.
const YEAR_S = 31_536_000;

class NavGroups extends HTMLElement {
  connectedCallback() {
    this.addEventListener("toggle", this.remember, true); // toggle does not bubble
    this.reveal();
    document.fonts.ready.then(this.reveal); // a font that comes late moves the links
  }

  disconnectedCallback() {
    this.removeEventListener("toggle", this.remember, true);
  }

  reveal = () => {
    const link = this.querySelector("[aria-current=page]");
    const frame = this.closest(".sidebar");
    if (!link || !frame) return;
    const below = link.getBoundingClientRect().bottom - frame.getBoundingClientRect().bottom;
    if (below > 0) frame.scrollTop += below + frame.clientHeight / 4;
  };

  remember = () => {
    const closed = [...this.querySelectorAll("details:not([open])")].map((group) => group.dataset.group);
    document.cookie = `trimtab_nav=${closed.join(".")}; Path=/; Max-Age=${YEAR_S}; SameSite=Lax`;
  };
}

customElements.define("nav-groups", NavGroups);
