// <full-screen><button>: the page's content alone on the screen, and back.
class FullScreen extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", this.flip);
    document.addEventListener("fullscreenchange", this.show);
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.flip);
    document.removeEventListener("fullscreenchange", this.show);
  }

  flip = () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.querySelector(".page").requestFullscreen();
  };

  show = () => {
    this.querySelector("button").setAttribute("aria-pressed", String(Boolean(document.fullscreenElement)));
  };
}

customElements.define("full-screen", FullScreen);
