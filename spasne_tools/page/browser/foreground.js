// Which points are shown, which of them in front, and in which order they are drawn.

class Foreground {
  constructor(app) {
    Object.assign(this, { app, lit: null, split: 0, version: 0 });
    this.hidden = new Set(); // codes of classes
    this.shuffled = shuffledOrder(app.n); // so that no class lies on top of the others
    this.order = this.shuffled;
    app.signals.on("column", () => this.forget());
    app.signals.on("selection", () => this.reorder());
  }

  get codes() {
    return this.app.colouring.column?.codes;
  }

  /** Nothing is hidden of another column. */
  forget() {
    this.hidden.clear();
    this.lit = null;
    this.reorder();
  }

  isShown(point) {
    return (this.hidden.size === 0 || !this.hidden.has(this.codes[point])) && this.app.reliability.allows(point);
  }

  get hides() {
    return this.hidden.size > 0 || this.app.reliability.least > 0;
  }

  isBright(point) {
    if (this.lit !== null) return this.codes[point] === this.lit;
    return this.app.selection.size === 0 || this.app.selection.mask[point] === 1;
  }

  /** Points of the background first: those before `split`. */
  reorder() {
    const { column } = this.app.colouring;
    const all = column?.isNumeric ? byValue(column.codes, this.shuffled) : this.shuffled;
    const shown = this.hides ? all.filter((point) => this.isShown(point)) : all;
    const order = new Uint32Array(shown.length);
    let split = 0, end = shown.length;
    for (const point of shown) if (!this.isBright(point)) order[split++] = point;
    for (let k = shown.length - 1; end > split; k--) if (this.isBright(shown[k])) order[--end] = shown[k];
    Object.assign(this, { order, split, version: this.version + 1 });
    this.app.signals.tell("order");
  }

  // ---- classes ----

  /** Hide or show a class. What is hidden is not selected. */
  hide(code, hidden) {
    if (hidden) this.hidden.add(code);
    else this.hidden.delete(code);
    this.afterHiding();
  }

  hideAll(codes) {
    this.hidden = new Set(codes);
    this.afterHiding();
  }

  afterHiding() {
    if (this.hides) this.app.selection.keepOnly((point) => this.isShown(point));
    else this.app.selection.changed();
  }

  spotlight(code) {
    if (this.lit === code || this.hidden.has(code)) return;
    this.lit = code;
    this.reorder();
  }

  pointsOf(code) {
    const found = [];
    for (let i = 0; i < this.app.n; i++) if (this.codes[i] === code && this.isShown(i)) found.push(i);
    return found;
  }
}
