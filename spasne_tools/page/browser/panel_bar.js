// The line above a panel: its name, which map and axes it shows, and buttons.

class PanelBar {
  constructor(panel) {
    const { view, element: root } = panel, { title } = view;
    Object.assign(this, { panel, root, heading: root.querySelector("h2") });
    this.heading.textContent = title;
    this.heading.id = `panel-${title.toLowerCase()}`;
    root.setAttribute("aria-labelledby", this.heading.id);
    panel.canvas.setAttribute("aria-label", `${title}, ${count(panel.app.n)} points`);
    const zoom = ({ dataset }) => Number(dataset.zoom);
    this.act("[data-zoom]", (pressed) => panel.zoomBy(zoom(pressed)), (pressed) => (zoom(pressed) > 1 ? "Zoom in" : "Zoom out"));
    this.act("[data-save]", (pressed) => savePicture(panel, pressed.dataset.save), (pressed) => `Save as ${pressed.textContent}`);
    this.act(".turn", (pressed) => this.spin(pressed), () => "Turn without stopping");
  }

  act(which, press, name) {
    for (const pressed of this.root.querySelectorAll(which)) {
      pressed.title = name(pressed);
      pressed.setAttribute("aria-label", `${pressed.title}: ${this.panel.view.title}`);
      pressed.addEventListener("click", () => press(pressed));
    }
  }

  /** The choice of layouts and axes, where there is one. */
  offer(layouts) {
    const maps = this.root.querySelector(".layouts select"), axes = this.root.querySelector(".axes select");
    layouts.forEach((layout, place) => maps.add(new Option(layout.name, place)));
    maps.parentElement.hidden = layouts.length < 2;
    maps.addEventListener("change", () => this.choose(layouts[maps.value]));
    axes.addEventListener("change", () => this.chooseAxes([...axes.value].map(Number)));
    return this.choose(layouts[0]);
  }

  choose(layout) {
    const axes = this.root.querySelector(".axes select"), pairs = ["01", "02", "12"];
    axes.parentElement.hidden = !layout.isSolid;
    axes.replaceChildren(...pairs.map((pair) => new Option(`${+pair[0] + 1} and ${+pair[1] + 1}`, pair)), new Option("all three", "012"));
    axes.value = layout.isSolid && !this.panel.view.downwards ? "012" : "01";
    this.layout = layout;
    return this.chooseAxes([...axes.value].map(Number));
  }

  chooseAxes(axes) {
    const turn = this.root.querySelector(".turn");
    turn.hidden = axes.length < 3;
    if (turn.hidden) this.spin(turn, false);
    return this.panel.show(this.layout, axes);
  }

  spin(turn, spins = !this.panel.spins) {
    this.panel.spins = spins;
    turn.setAttribute("aria-pressed", spins);
    if (spins) this.panel.moved();
  }
}
