// The page: its parts, and what they share.

class App {
  constructor(header) {
    Object.assign(this, { header, n: header.n, signals: new Signals(), ready: false, printing: false, hovered: -1 });
    Object.assign(this, { pointSize: 1, opacity: 1, dense: false, imageOpacity: 1, moves: false }); // as controls say
    this.columns = header.columns.map((column) => new Column(column, this.n));
    this.theme = new Theme(this.signals, header.missing);
    this.selection = new Selection(this.signals, this.n);
    this.colouring = new Colouring(this);
    this.reliability = new Reliability(this);
    this.foreground = new Foreground(this);
    this.description = new Description(this);
    this.panels = this.views().map((view) => new Panel(view, this));
    this.controls = new Controls(this);
    this.legend = new Legend(this);
    this.sections = [SelectionPanel, KeptSelections, RankingPanel, Search].map((Section) => new Section(this));
    this.signals.on("column", () => this.hover(-1));
    this.followPaper();
    this.followRatio();
  }

  /** What each panel shows: the tissue, and the maps one at a time. */
  views() {
    const [tissue, map] = this.header.views;
    return [
      { ...tissue, layouts: [new Layout({ name: tissue.title, axes: tissue.axes })] },
      { ...map, layouts: this.header.maps.map((other) => new Layout(other)) },
    ];
  }

  async start() {
    await Promise.all([...this.panels.map((panel) => panel.load()), this.colouring.start(), this.description.start()]);
    this.shapePanels();
    await this.reliability.start();
    await this.colouring.use(this.columns[0] ?? null);
    this.ready = true;
    for (const panel of this.panels) panel.resize();
    this.selection.changed();
    at("size").textContent = `${count(this.n)} points`;
    document.querySelector("main").setAttribute("aria-busy", "false");
  }

  /** A tissue's panel is as wide as its shape asks for. */
  shapePanels() {
    const [width, height] = this.panels[0].placed.extent;
    const share = clamp(width > 0 && height > 0 ? width / height : 1, [0.6, 1.5]);
    at("panels").style.setProperty("--tissue", `${share.toFixed(3)}fr`);
  }

  /** The point that the pointer is at is marked everywhere. */
  hover(point) {
    if (point === this.hovered) return;
    this.hovered = point;
    if (point < 0) for (const panel of this.panels) panel.tip.hidden = true;
    this.signals.tell("hover", point);
  }

  // ---- what is outside of the page ----

  /** On paper, colours are light. */
  followPaper() {
    const print = (printing) => {
      this.printing = printing;
      this.theme.use(printing ? "light" : this.theme.wanted());
      for (const panel of this.panels) panel.resize();
    };
    window.addEventListener("beforeprint", () => print(true));
    window.addEventListener("afterprint", () => print(false));
  }

  /** Another screen, or another zoom of the browser. */
  followRatio() {
    const query = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    query.addEventListener("change", () => {
      this.panels.forEach((panel) => panel.resize());
      this.followRatio();
    }, { once: true });
  }
}

const app = new App(readHeader());

app.start().catch((error) => {
  const old = typeof DecompressionStream === "undefined";
  const why = old ? "it needs a browser of 2023 or later" : error.message;
  at("status").textContent = `This page could not be shown: ${why}.`;
  throw error;
});
