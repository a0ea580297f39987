// <auto-submit> around a form: choosing submits at once. Fields marked data-later wait for Enter or the button.
class AutoSubmit extends HTMLElement {
  connectedCallback() {
    this.addEventListener("change", this.submit);
  }

  disconnectedCallback() {
    this.removeEventListener("change", this.submit);
  }

  submit = (event) => {
    if (!event.target.hasAttribute("data-later")) event.target.form.requestSubmit();
  };
}

customElements.define("auto-submit", AutoSubmit);
