// The scale of a column of numbers: its colours, and two handles where they end.

const RANGE_STEPS = 500;

class ColourScale {
  constructor(app, column) {
    Object.assign(this, { app, column, ends: element("div", "ends"), pointer: element("i", ""), swatch: element("i", "") });
    this.pointer.hidden = true;
    const frame = element("div", "scale");
    frame.append(this.ramp(), this.pointer);
    this.handles = ["Lowest", "Highest"].map((which, end) => this.handle(which, end));
    this.elements = [frame, this.ends, ...(column.high > column.low ? [this.range()] : [])];
    if (column.greyText) this.elements.push(this.absent());
  }

  ramp() {
    const canvas = element("canvas", ""), { ramp } = this.app.colouring, image = new ImageData(256, 1);
    Object.assign(canvas, { width: 256, height: 1 });
    for (let k = 0; k < 256; k++) image.data.set([ramp[3 * k], ramp[3 * k + 1], ramp[3 * k + 2], 255], 4 * k);
    canvas.getContext("2d").putImageData(image, 0, 0);
    canvas.setAttribute("role", "img");
    this.canvas = canvas;
    return canvas;
  }

  /** Two handles on one line, and the way back to where they were. */
  range() {
    const line = element("div", "range"), rails = element("div", "rails"), { column } = this;
    rails.append(element("i", ""), ...this.handles);
    this.back = button("Reset", () => this.app.colouring.setRange(column.limits));
    this.back.title = "Colours from the 1st to the 99th percentile";
    line.append(rails, this.back);
    return line;
  }

  handle(which, end) {
    const input = element("input", ""), { column } = this;
    Object.assign(input, { type: "range", min: 0, max: RANGE_STEPS, step: 1 });
    input.setAttribute("aria-label", `${which} value of the colours`);
    input.addEventListener("input", () => this.drag(end, Number(input.value)));
    input.value = this.stepOf(column.range[end]);
    return input;
  }

  stepOf(value) {
    const { low, high } = this.column;
    return Math.round((RANGE_STEPS * (value - low)) / (high - low || 1));
  }

  /** A handle stops at the other. */
  drag(end, step) {
    const { column } = this, range = [...column.range], other = Number(this.handles[1 - end].value);
    const stopped = end === 0 ? Math.min(step, other - 1) : Math.max(step, other + 1);
    range[end] = column.low + (clamp(stopped, [0, RANGE_STEPS]) / RANGE_STEPS) * (column.high - column.low);
    this.app.colouring.setRange(range);
  }

  absent() {
    const absent = element("div", "absent");
    absent.append(this.swatch, element("span", "", this.column.greyText));
    return absent;
  }

  update() {
    const { column, canvas, ends } = this, [low, high] = column.range;
    const below = column.low < low ? "≤ " : "", above = column.high > high ? "≥ " : "";
    ends.replaceChildren(element("span", "", below + shortNumber(low)), element("span", "", above + shortNumber(high)));
    canvas.setAttribute("aria-label", `colours from ${shortNumber(low)} to ${shortNumber(high)}`);
    this.handles.forEach((input, end) => {
      input.value = this.stepOf(column.range[end]);
      input.setAttribute("aria-valuetext", shortNumber(column.range[end]));
    });
    if (this.back) this.back.disabled = column.range === column.limits;
    this.swatch.style.background = this.app.theme.missing;
  }

  /** Where the value of a point lies on the scale. */
  point(point) {
    const code = point < 0 ? MISSING : this.column.codes[point];
    this.pointer.hidden = code === MISSING;
    if (code !== MISSING) this.pointer.style.left = `${100 * this.column.level(code)}%`;
  }
}
