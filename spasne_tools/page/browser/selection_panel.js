// The section of the page on what is selected: how many, their mean, saving and clearing.

class SelectionPanel {
  constructor(app) {
    this.app = app;
    at("clear").addEventListener("click", () => app.selection.change([]));
    at("save").addEventListener("click", () => saveSelection(app));
    app.signals.on("selection", () => this.tell());
    app.signals.on("column", () => this.tellMeans());
  }

  tell() {
    const { selection, n } = this.app, share = (100 * selection.size) / n;
    const percent = share > 0 && share < 0.1 ? "under 0.1" : share.toFixed(1);
    const text = `${count(selection.size)} of ${count(n)} points selected (${percent}\u00a0%)`;
    at("status").textContent = selection.size ? text : "No points selected. Draw around some in either panel.";
    at("save").disabled = at("clear").disabled = selection.size === 0;
    this.tellMeans();
  }

  /** Of a column of numbers, the mean of the selected points beside that of all. */
  tellMeans() {
    const { selection, colouring: { column } } = this.app;
    at("means").textContent = "";
    if (!column?.isNumeric || selection.size === 0) return;
    const { selected, all } = momentsOf(column, selection.mask);
    const mean = (part) => (part.n ? shortNumber(column.value(part.sum / part.n)) : "missing");
    at("means").textContent = `Mean ${column.name}: ${mean(selected)} selected, ${mean(all)} all`;
  }
}
