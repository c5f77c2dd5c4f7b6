// Finding a gene, a label or a class by a part of its name.

const MOST_FOUND = 12;

class Search {
  constructor(app) {
    Object.assign(this, { app, input: at("search"), list: at("found"), found: [], chosen: 0 });
    this.input.parentElement.hidden = app.columns.length === 0;
    this.input.addEventListener("input", () => this.find());
    this.input.addEventListener("focus", () => this.find());
    this.input.addEventListener("blur", () => this.close());
    this.input.addEventListener("keydown", (event) => this.press(event));
    this.list.addEventListener("pointerdown", (event) => event.preventDefault()); // the input keeps the focus
  }

  /** Columns, and the classes of those that have some. */
  *entries() {
    for (const column of this.app.columns) {
      yield { column, name: column.name, kind: column.kind === "genes" ? "gene" : "label" };
      for (const [code, { name }] of (column.classes ?? []).entries()) yield { column, code, name, kind: column.name };
    }
  }

  /** Names that begin with the text first, then those that hold it. */
  find() {
    const text = this.input.value.trim().toLowerCase(), first = [], others = [];
    for (const entry of text ? this.entries() : []) {
      const where = entry.name.toLowerCase().indexOf(text);
      if (where >= 0) (where === 0 ? first : others).push(entry);
    }
    const found = [...first, ...others];
    this.found = found.slice(0, MOST_FOUND);
    this.show(found.length - this.found.length, text);
  }

  show(more, text) {
    const items = this.found.map((entry, place) => this.item(entry, place));
    if (more > 0) items.push(element("li", "hint", `and ${count(more)} more`));
    if (text && !items.length) items.push(element("li", "hint", "Nothing has this name."));
    this.list.replaceChildren(...items);
    this.list.hidden = items.length === 0;
    this.input.setAttribute("aria-expanded", !this.list.hidden);
    this.choose(0);
  }

  item(entry, place) {
    const item = element("li", "");
    item.id = `found-${place}`;
    item.setAttribute("role", "option");
    item.append(element("span", "name", entry.name), element("span", "count", entry.kind));
    item.addEventListener("click", () => this.take(entry));
    return item;
  }

  choose(place) {
    this.chosen = place;
    this.found.forEach((_, other) => this.list.children[other].setAttribute("aria-selected", other === place));
    if (this.found.length) this.input.setAttribute("aria-activedescendant", `found-${place}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  press(event) {
    const last = this.found.length - 1, to = { ArrowDown: this.chosen + 1, ArrowUp: this.chosen - 1 }[event.key];
    if (event.key === "Enter" && this.found.length) this.take(this.found[this.chosen]);
    else if (event.key === "Escape") this.close();
    else if (to !== undefined && last >= 0) this.choose(clamp(to, [0, last]));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  close() {
    this.list.hidden = true;
    this.found = [];
    this.input.setAttribute("aria-expanded", false);
  }

  /** Colour by it; a class is selected, too. */
  async take({ column, code }) {
    const { app } = this;
    this.input.value = "";
    this.close();
    await app.controls.colourBy(column);
    if (code !== undefined) app.selection.change(app.foreground.pointsOf(code));
    speak(`Coloured by ${column.name}`);
  }
}
