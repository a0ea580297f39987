// <copy-button for="id"> copies that element's text; <copy-button value="text" | href> copies the text or the absolute URL.
class CopyButton extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", this.copy);
  }

  disconnectedCallback() {
    this.removeEventListener("click", this.copy);
  }

  copy = async () => {
    const button = this.querySelector("button");
    const label = button.textContent;
    const text = this.text();
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = copyBySelection(text) ? "Copied" : "Press Ctrl-C";
    }
    setTimeout(() => (button.textContent = label), 1500);
  };

  text() {
    if (this.hasAttribute("href")) return new URL(this.getAttribute("href"), location.href).href;
    const source = document.getElementById(this.getAttribute("for"));
    return source ? source.textContent.trim() : "";
  }
}

// The clipboard API is absent on plain http beyond loopback.
function copyBySelection(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "offscreen";
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
}

customElements.define("copy-button", CopyButton);
