// What is told of one point.

const MOST_DESCRIBED = 6; // label columns beside the pointer

class Description {
  constructor(app) {
    this.app = app;
    this.labels = app.columns.filter((column) => column.kind === "labels").slice(0, MOST_DESCRIBED);
  }

  async start() {
    const { names } = this.app.header;
    await Promise.all(this.labels.map((column) => column.load()));
    this.names = names === null ? null : JSON.parse(new TextDecoder().decode(await readBlock(names)));
  }

  name(point) {
    return this.names ? this.names[point] : String(point);
  }

  /** Columns worth telling: the one in use first. */
  told() {
    return [...new Set([this.app.colouring.column, ...this.labels])].filter(Boolean);
  }

  /** Elements, to be shown beside the pointer. */
  lines(point) {
    const { colouring } = this.app, name = element("strong", "", this.names ? this.name(point) : `Row ${this.name(point)}`);
    const lines = this.told().map((column) => element("span", "", `${column.name}: ${column.text(point)}`));
    if (colouring.column) {
      const dot = element("i", "");
      dot.style.background = colouring.of(point);
      lines[0].prepend(dot);
    }
    return [name, ...lines];
  }

  summary(point) {
    return [this.name(point), ...this.told().map((column) => `${column.name} ${column.text(point)}`)].join(", ");
  }
}
