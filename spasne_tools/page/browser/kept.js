// Selections kept under names.

class KeptSelections {
  constructor(app) {
    Object.assign(this, { app, kept: [], list: at("kept") }); // kept: {name, points}
    at("keep").addEventListener("submit", (event) => {
      event.preventDefault();
      this.keepCurrent();
    });
    at("save-kept").addEventListener("click", () => saveSelections(this.kept, app.description));
    at("load").addEventListener("click", () => at("file").click());
    at("file").addEventListener("change", () => this.load(at("file").files[0]));
    app.signals.on("selection", () => this.enable());
  }

  /** There is nothing to keep of no selection. */
  enable() {
    at("keep").hidden = this.app.selection.size === 0;
  }

  keepCurrent() {
    const input = at("keep-name"), name = input.value.trim() || this.freeName();
    this.keep(name, this.app.selection.points());
    input.value = "";
    at("told").textContent = `Kept ${count(this.app.selection.size)} points as ${name}.`;
  }

  freeName() {
    const isTaken = (name) => this.kept.some((entry) => entry.name === name);
    let number = 1;
    while (isTaken(`Selection ${number}`)) number++;
    return `Selection ${number}`;
  }

  /** Under a name that is there, it takes that one's place. */
  keep(name, points) {
    const entry = { name, points: Uint32Array.from(points) }, place = this.kept.findIndex((other) => other.name === name);
    if (place < 0) this.kept.push(entry);
    else this.kept[place] = entry;
    this.show();
  }

  show() {
    at("save-kept").hidden = this.kept.length === 0;
    this.list.replaceChildren(...this.kept.map((entry) => this.item(entry)));
  }

  item(entry) {
    const item = element("li", "");
    const recall = button("", (event) => this.recall(entry, selectionMode(event)));
    recall.append(element("span", "name", entry.name), element("span", "count", count(entry.points.length)));
    recall.title = "Select these points; Shift adds them, Alt takes them away";
    const forget = button("×", () => this.forget(entry));
    forget.className = "square";
    forget.setAttribute("aria-label", `Forget ${entry.name}`);
    item.append(recall, forget);
    return item;
  }

  /** What is hidden is not selected. */
  recall({ points }, mode) {
    this.app.selection.change(points.filter((point) => this.app.foreground.isShown(point)), mode);
  }

  forget(entry) {
    this.kept = this.kept.filter((other) => other !== entry);
    this.show();
    (this.list.querySelector("button") ?? at("load")).focus();
  }

  async load(file) {
    if (!file) return;
    at("file").value = ""; // so that the same file can be chosen again
    try {
      this.take(selectionsOf(await file.text(), this.app.description, this.app.n));
    } catch (error) {
      at("told").textContent = `${file.name} was not loaded: ${error.message}.`;
    }
  }

  /** Named ones are kept; one without a name becomes the selection. */
  take({ selections, unknown }) {
    for (const [name, points] of selections) if (name) this.keep(name, points);
    if (selections.has("")) this.recall({ points: Uint32Array.from(selections.get("")) }, "replace");
    const points = [...selections.values()].reduce((sum, part) => sum + part.length, 0);
    const lost = unknown ? ` ${count(unknown)} rows are of no point of this page.` : "";
    at("told").textContent = `Loaded ${count(points)} points in ${selections.size} selection${selections.size === 1 ? "" : "s"}.${lost}`;
  }
}
