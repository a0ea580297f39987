// <theme-toggle><button>: flips light and dark. The choice is a cookie, so the server paints the right theme at once.
const YEAR_S = 31_536_000;

class ThemeToggle extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", this.flip);
    this.show();
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.flip);
  }

  dark() {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }

  flip = () => {
    const theme = this.dark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    document.cookie = `trimtab_theme=${theme}; Path=/; Max-Age=${YEAR_S}; SameSite=Lax`;
    this.show();
    document.dispatchEvent(new CustomEvent("theme-changed"));
  };

  show() {
    this.querySelector("button").setAttribute("aria-pressed", String(this.dark()));
  }
}

customElements.define("theme-toggle", ThemeToggle);
