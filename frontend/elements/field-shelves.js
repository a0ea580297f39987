// <field-shelves> around the builder: a field that is dragged onto a shelf is taken there. Without it its links do the same.
class FieldShelves extends HTMLElement {
  connectedCallback() {
    this.addEventListener("dragstart", this.begin);
    this.addEventListener("dragover", this.over);
    this.addEventListener("dragleave", this.leave);
    this.addEventListener("drop", this.drop);
    this.addEventListener("dragend", this.end);
  }

  disconnectedCallback() {
    this.removeEventListener("dragstart", this.begin);
    this.removeEventListener("dragover", this.over);
    this.removeEventListener("dragleave", this.leave);
    this.removeEventListener("drop", this.drop);
    this.removeEventListener("dragend", this.end);
  }

  begin = (event) => {
    this.field = event.target.closest("[data-by]");
    if (this.field) event.dataTransfer.effectAllowed = "copy";
  };

  over = (event) => {
    const shelf = event.target.closest("[data-shelf]");
    if (!shelf || !this.address(shelf)) return;
    event.preventDefault();
    shelf.classList.add("over");
  };

  leave = (event) => event.target.closest("[data-shelf]")?.classList.remove("over");

  drop = (event) => {
    const shelf = event.target.closest("[data-shelf]");
    const address = shelf && this.address(shelf);
    if (!address) return;
    event.preventDefault();
    location.assign(address);
  };

  end = () => {
    this.field = undefined;
    this.querySelectorAll(".over").forEach((one) => one.classList.remove("over"));
  };

  address(shelf) {
    return this.field?.dataset[shelf.dataset.shelf];
  }
}

customElements.define("field-shelves", FieldShelves);
