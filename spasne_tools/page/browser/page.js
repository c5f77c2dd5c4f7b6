// The page: what is coloured, selected and hidden, and its controls.

const MOST_DESCRIBED = 6; // label columns beside the pointer

class App {
  constructor(header) {
    Object.assign(this, { header, n: header.n, column: null, theme: "light", pointSize: 1, moves: false, ready: false });
    this.selection = new Uint8Array(this.n);
    this.selected = 0;
    this.hidden = new Set(); // codes of classes
    this.lit = null; // the class that the pointer is at in the legend
    this.hovered = -1;
    this.colours = new Uint8Array(4 * this.n);
    this.shuffled = shuffledOrder(this.n); // so that no class lies on top of the others
    this.panels = header.views.map((view) => new Panel(view, this));
    this.legend = new Legend(this);
  }

  async start() {
    const { header } = this, labels = header.columns.filter((column) => column.kind === "labels");
    const reads = [...this.panels.map((panel) => panel.load()), ...labels.map(columnCodes)];
    [this.ramp, this.names] = await Promise.all([
      readBlock(header.ramp).then((bytes) => new Uint8Array(bytes)),
      header.names === null ? null : readBlock(header.names).then((bytes) => JSON.parse(new TextDecoder().decode(bytes))),
    ]);
    await Promise.all(reads);
    this.described = labels.slice(0, MOST_DESCRIBED);
    this.shapePanels();
    this.controls();
    await this.colourBy(0);
    this.ready = true;
    for (const panel of this.panels) panel.resize();
    this.tellSelection();
    document.getElementById("size").textContent = `${count(this.n)} points`;
    document.querySelector("main").setAttribute("aria-busy", "false");
  }

  /** A tissue's panel is as wide as its shape asks for. */
  shapePanels() {
    const [width, height] = this.panels[0].extent;
    const share = clamp(width > 0 && height > 0 ? width / height : 1, [0.6, 1.5]);
    document.getElementById("panels").style.setProperty("--tissue", `${share.toFixed(3)}fr`);
  }

  // ---- controls ----

  controls() {
    const at = (id) => document.getElementById(id);
    this.offerColumns(at("column"));
    at("column").addEventListener("change", (event) => this.colourBy(Number(event.target.value)));
    at("reset").addEventListener("click", () => this.panels.forEach((panel) => panel.resetView()));
    at("clear").addEventListener("click", () => this.select([], "replace"));
    at("save").addEventListener("click", () => this.save());
    at("point-size").addEventListener("input", (event) => {
      this.pointSize = 2 ** Number(event.target.value);
      this.redraw();
    });
    for (const radio of document.getElementsByName("tool")) {
      radio.checked = radio.value === "lasso";
      radio.addEventListener("change", () => this.setMoves(radio.value === "move"));
    }
    this.followTheme(at("theme"));
    this.followKeys();
    window.addEventListener("beforeprint", () => this.print(true));
    window.addEventListener("afterprint", () => this.print(false));
    this.followRatio();
  }

  offerColumns(select) {
    const groups = { labels: "Labels", genes: "Genes" };
    this.header.columns.forEach((column, place) => {
      let group = select.querySelector(`optgroup[label="${groups[column.kind]}"]`);
      if (!group) {
        group = document.createElement("optgroup");
        group.label = groups[column.kind];
        select.append(group);
      }
      group.append(new Option(column.name, place));
    });
    select.parentElement.hidden = this.header.columns.length === 0;
  }

  setMoves(moves) {
    this.moves = moves;
    document.getElementById("panels").dataset.tool = moves ? "move" : "lasso";
  }

  /** Escape clears the selection; while Space is held, dragging moves. */
  followKeys() {
    const inControl = (event) => event.target.closest("button, select, input, summary");
    const chosen = () => document.querySelector("[name=tool]:checked").value === "move";
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.select([], "replace");
      if (event.key !== " " || inControl(event)) return;
      event.preventDefault();
      this.setMoves(true);
    });
    document.addEventListener("keyup", (event) => event.key === " " && this.setMoves(chosen()));
  }

  /** Another screen, or another zoom of the browser. */
  followRatio() {
    const query = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    query.addEventListener("change", () => {
      this.panels.forEach((panel) => panel.resize());
      this.followRatio();
    }, { once: true });
  }

  /** On paper, colours are light. */
  print(printing) {
    this.printing = printing;
    this.setTheme(printing ? "light" : this.chosenTheme());
    for (const panel of this.panels) panel.resize();
  }

  // ---- theme ----

  followTheme(button) {
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    this.chosenTheme = () => this.userTheme ?? (system.matches ? "dark" : "light");
    system.addEventListener("change", () => this.setTheme(this.chosenTheme()));
    button.addEventListener("click", () => {
      this.userTheme = this.theme === "dark" ? "light" : "dark";
      this.setTheme(this.userTheme);
    });
    this.setTheme(this.chosenTheme());
  }

  setTheme(theme) {
    this.theme = theme;
    document.documentElement.dataset.theme = theme;
    document.getElementById("theme").textContent = theme === "dark" ? "Light" : "Dark";
    document.getElementById("theme").setAttribute("aria-label", `Switch to ${theme === "dark" ? "light" : "dark"} colours`);
    const style = getComputedStyle(document.documentElement), colour = (name) => style.getPropertyValue(name).trim();
    this.ground = rgb(colour("--ground"));
    this.dim = rgb(colour("--dim"));
    this.mark = rgb(colour("--mark"));
    this.accent = colour("--accent");
    this.missing = colour("--missing-dark") || this.header.missing;
    if (!this.ready) return;
    this.recolour();
    this.legend.update();
  }

  // ---- colours ----

  async colourBy(place) {
    const column = this.header.columns[place] ?? null;
    this.wanted = column;
    if (column) await columnCodes(column);
    if (this.wanted !== column) return; // another was chosen meanwhile
    this.column = column;
    this.hidden.clear();
    this.lit = null;
    this.legend.show(column);
    this.recolour();
    this.reorder();
    this.tellMeans();
    this.hover(-1);
  }

  recolour() {
    const { column, colours, n } = this, table = this.colourTable();
    for (let i = 0; i < n; i++) {
      const from = 4 * (column ? column.decoded[i] : 0);
      for (let c = 0; c < 4; c++) colours[4 * i + c] = table[from + c];
    }
    for (const panel of this.panels) panel.drawing.setColours(colours);
    this.redraw();
  }

  /** Red, green, blue and marker of each code of the column in use. */
  colourTable() {
    const { column, ramp } = this, table = new Uint8Array(4 * (MISSING + 1));
    table.set([...rgb(this.missing), 0], 4 * MISSING);
    if (!column) table.set([...rgb(this.accent), 0], 0);
    else if (column.classes) {
      column.classes.forEach((look, code) => table.set([...rgb(look[this.theme]), look.marker], 4 * code));
    } else {
      const [low, high] = column.limits;
      for (let code = 0; code <= LARGEST_CODE; code++) {
        const level = Math.round(255 * clamp((columnValue(column, code) - low) / (high - low), [0, 1]));
        for (let c = 0; c < 3; c++) table[4 * code + c] = ramp[3 * level + c];
      }
    }
    return table;
  }

  // ---- what is drawn, in which order ----

  isShown(point) {
    return this.hidden.size === 0 || !this.hidden.has(this.column.decoded[point]);
  }

  /** Whether a point is in the foreground. */
  isBright(point) {
    if (this.lit !== null) return this.column.decoded[point] === this.lit;
    return this.selected === 0 || this.selection[point] === 1;
  }

  reorder() {
    const { column } = this, all = column && !column.classes ? byValue(column.decoded, this.shuffled) : this.shuffled;
    const shown = this.hidden.size ? all.filter((point) => this.isShown(point)) : all;
    const order = new Uint32Array(shown.length);
    let split = 0, end = shown.length;
    for (const point of shown) if (!this.isBright(point)) order[split++] = point;
    for (let k = shown.length - 1; end > split; k--) if (this.isBright(shown[k])) order[--end] = shown[k];
    for (const panel of this.panels) panel.drawing.setOrder(order, split);
    this.redraw();
  }

  redraw() {
    for (const panel of this.panels) panel.change();
  }

  // ---- selection and classes ----

  select(points, mode) {
    if (mode === "replace") this.selection.fill(0);
    for (const point of points) this.selection[point] = mode === "remove" ? 0 : 1;
    this.afterSelection();
  }

  afterSelection() {
    this.selected = this.selection.reduce((sum, one) => sum + one, 0);
    this.reorder();
    this.legend.update();
    this.tellSelection();
  }

  tellSelection() {
    const share = (100 * this.selected) / this.n, percent = share > 0 && share < 0.1 ? "under 0.1" : share.toFixed(1);
    const text = `${count(this.selected)} of ${count(this.n)} points selected (${percent}\u00a0%)`;
    document.getElementById("status").textContent = this.selected ? text : "No points selected. Draw around some in either panel.";
    document.getElementById("save").disabled = document.getElementById("clear").disabled = this.selected === 0;
    this.tellMeans();
  }

  /** Of a column of numbers, the mean of the selected points beside that of all. */
  tellMeans() {
    const { column } = this, line = document.getElementById("means");
    line.textContent = "";
    if (!column || column.classes || this.selected === 0) return;
    const sums = [0, 0], numbers = [0, 0];
    for (let i = 0; i < this.n; i++) {
      if (column.decoded[i] === MISSING) continue;
      const value = columnValue(column, column.decoded[i]);
      for (let k = 0; k <= this.selection[i]; k++) {
        sums[k] += value;
        numbers[k]++;
      }
    }
    const mean = (k) => (numbers[k] ? shortNumber(sums[k] / numbers[k]) : "missing");
    line.textContent = `Mean ${column.name}: ${mean(1)} selected, ${mean(0)} all`;
  }

  /** Hide or show a class. What is hidden is not selected. */
  hide(code, hidden) {
    if (hidden) this.hidden.add(code);
    else this.hidden.delete(code);
    this.afterHiding();
  }

  hideAll(hidden) {
    this.hidden = new Set(hidden ? this.legend.entries.map(([, code]) => code) : []);
    this.afterHiding();
  }

  afterHiding() {
    if (this.hidden.size) for (let i = 0; i < this.n; i++) if (!this.isShown(i)) this.selection[i] = 0;
    this.afterSelection();
  }

  spotlight(code) {
    if (this.lit === code || this.hidden.has(code)) return;
    this.lit = code;
    this.reorder();
  }

  pointsOf(code) {
    const found = [];
    for (let i = 0; i < this.n; i++) if (this.column.decoded[i] === code && this.isShown(i)) found.push(i);
    return found;
  }

  /** Points, and selected points, by code. */
  classCounts() {
    const all = new Uint32Array(MISSING + 1), selected = new Uint32Array(MISSING + 1);
    for (let i = 0; i < this.n; i++) {
      all[this.column.decoded[i]]++;
      selected[this.column.decoded[i]] += this.selection[i];
    }
    return [all, selected];
  }

  // ---- one point ----

  hover(point) {
    if (point === this.hovered) return;
    this.hovered = point;
    if (this.column) this.legend.point(this.column, point);
    for (const panel of this.panels) panel.change(true);
    if (point < 0) for (const panel of this.panels) panel.tip.hidden = true;
  }

  nameOf(point) {
    return this.names ? this.names[point] : String(point);
  }

  /** Columns worth telling of a point: the one in use first. */
  told() {
    return [...new Set([this.column, ...this.described])].filter(Boolean);
  }

  describe(point) {
    const name = element("strong", "", this.names ? this.nameOf(point) : `Row ${this.nameOf(point)}`);
    const lines = this.told().map((column) => element("span", "", `${column.name}: ${columnText(column, point)}`));
    if (this.column) {
      const dot = element("i", "");
      dot.style.background = `rgb(${this.colours.subarray(4 * point, 4 * point + 3)})`;
      lines[0].prepend(dot);
    }
    return [name, ...lines];
  }

  summary(point) {
    return [this.nameOf(point), ...this.told().map((column) => `${column.name} ${columnText(column, point)}`)].join(", ");
  }

  speak(text) {
    document.getElementById("spoken").textContent = text;
  }

  // ---- saving ----

  save() {
    const lines = ["row,name"];
    for (let i = 0; i < this.n; i++) if (this.selection[i]) lines.push(`${i},${quoted(this.nameOf(i))}`);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.join("\r\n") + "\r\n"], { type: "text/csv;charset=utf-8" }));
    link.download = "selection.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000); // browsers read it after the click returns
  }
}

/** A field of CSV (RFC 4180). */
function quoted(text) {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Red, green and blue of #rrggbb. */
function rgb(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

/** 0 to n - 1 in an order that looks random and is the same each time (Fisher and Yates; Park and Miller's generator). */
function shuffledOrder(n) {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  let state = 1;
  for (let i = n - 1; i > 0; i--) {
    state = (state * 48271) % 2147483647;
    const j = state % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Points by rising code, missing ones first, else in the order given: high values must not be hidden. */
function byValue(codes, order) {
  const next = new Uint32Array(MISSING + 2), sorted = new Uint32Array(order.length);
  const rank = (point) => (codes[point] + 1) & MISSING;
  for (const point of order) next[rank(point) + 1]++;
  for (let k = 0; k < MISSING; k++) next[k + 1] += next[k];
  for (const point of order) sorted[next[rank(point)]++] = point;
  return sorted;
}

new App(readHeader()).start().catch((error) => {
  const old = typeof DecompressionStream === "undefined";
  const why = old ? "it needs a browser of 2023 or later" : error.message;
  document.getElementById("status").textContent = `This page could not be shown: ${why}.`;
  throw error;
});
