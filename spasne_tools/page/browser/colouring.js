// The colours of the points: those of a column, in the colours of the theme.

class Colouring {
  constructor(app) {
    Object.assign(this, { app, column: null, wanted: null });
    this.colours = new Uint8Array(4 * app.n); // red, green, blue and marker of each point
    app.signals.on("theme", () => this.recolour());
  }

  async start() {
    this.ramp = new Uint8Array(await readBlock(this.app.header.ramp));
  }

  async use(column) {
    this.wanted = column;
    await column?.load();
    if (this.wanted !== column) return; // another was chosen meanwhile
    this.column = column;
    this.app.signals.tell("column", column);
    this.recolour();
  }

  setRange(range) {
    this.column.range = range;
    this.recolour();
  }

  recolour() {
    if (!this.ramp) return; // before the first column
    const { colours } = this, codes = this.column?.codes, table = this.table();
    for (let i = 0; i < this.app.n; i++) {
      const from = codes ? 4 * codes[i] : 0;
      for (let c = 0; c < 4; c++) colours[4 * i + c] = table[from + c];
    }
    this.app.signals.tell("colours");
  }

  /** Red, green, blue and marker of each code. */
  table() {
    const { column, ramp } = this, { theme } = this.app, table = new Uint8Array(4 * (MISSING + 1));
    table.set([...rgb(theme.missing), 0], 4 * MISSING);
    if (!column) table.set([...rgb(theme.accent), 0], 0);
    else if (column.classes) {
      column.classes.forEach((look, code) => table.set([...rgb(look[theme.name]), look.marker], 4 * code));
    } else {
      for (let code = 0; code <= column.largest; code++) {
        const level = Math.round(255 * column.level(code));
        for (let c = 0; c < 3; c++) table[4 * code + c] = ramp[3 * level + c];
      }
      if (column.zeroIsGrey) table.set(rgb(theme.missing), 0);
    }
    return table;
  }

  of(point) {
    return `rgb(${this.colours.subarray(4 * point, 4 * point + 3)})`;
  }
}
