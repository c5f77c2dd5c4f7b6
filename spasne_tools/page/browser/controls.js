// The controls above the panels, and keys of the whole page.

const GROUPS = { labels: "Labels", genes: "Genes" };

class Controls {
  constructor(app) {
    this.app = app;
    this.offerColumns(at("column"));
    at("reset").addEventListener("click", () => app.panels.forEach((panel) => panel.resetView()));
    for (const radio of document.getElementsByName("tool")) {
      radio.checked = radio.value === "lasso";
      radio.addEventListener("change", () => this.setMoves(radio.value === "move"));
    }
    this.follow("point-size", "input", (input) => (app.pointSize = 2 ** Number(input.value)));
    this.follow("opacity", "input", (input) => (app.opacity = Number(input.value)));
    this.follow("density", "change", (input) => (app.dense = input.checked));
    this.follow("image-opacity", "input", (input) => (app.imageOpacity = Number(input.value)));
    at("image-opacity").parentElement.hidden = !app.panels.some((panel) => panel.view.image);
    this.followKeys();
  }

  /** A control that changes how all is drawn. Browsers keep its value when the page is loaded again. */
  follow(id, event, take) {
    take(at(id));
    at(id).addEventListener(event, () => {
      take(at(id));
      for (const panel of this.app.panels) panel.change();
    });
  }

  offerColumns(select) {
    const { columns } = this.app;
    for (const [kind, label] of Object.entries(GROUPS)) {
      const group = element("optgroup", "");
      group.label = label;
      columns.forEach((column, place) => column.kind === kind && group.append(new Option(column.name, place)));
      if (group.children.length) select.append(group);
    }
    select.parentElement.hidden = columns.length === 0;
    select.addEventListener("change", () => this.app.colouring.use(columns[select.value]));
  }

  colourBy(column) {
    at("column").value = this.app.columns.indexOf(column);
    return this.app.colouring.use(column);
  }

  setMoves(moves) {
    this.app.moves = moves;
    at("panels").dataset.tool = moves ? "move" : "lasso";
  }

  /** Escape clears the selection, / searches; while Space is held, dragging moves. */
  followKeys() {
    const inControl = (event) => event.target.closest("button, select, input, summary");
    const inText = (event) => event.target.closest("[type=text], [type=search]");
    const chosen = () => document.querySelector("[name=tool]:checked").value === "move";
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !inText(event)) this.app.selection.change([]);
      if (event.key === "/" && !inText(event)) at("search").focus();
      else if (event.key === " " && !inControl(event)) this.setMoves(true);
      else return;
      event.preventDefault();
    });
    document.addEventListener("keyup", (event) => event.key === " " && this.setMoves(chosen()));
  }
}
