// Keys in a panel: a circle that moves over it and selects, zooming, turning.

const CIRCLES = [6, 300]; // CSS pixels: radius
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = { short: 12, long: 48 }; // CSS pixels
const TURNS = { j: [-1, 0], l: [1, 0], i: [0, -1], k: [0, 1] };
const TURN_STEP = 20; // CSS pixels of dragging
const ZOOM_STEP = 1.5;

class Keys {
  constructor(panel) {
    Object.assign(this, { panel, cursor: null, radius: 40 }); // cursor: {x, y} in CSS pixels
    panel.canvas.addEventListener("keydown", (event) => this.press(event));
    panel.canvas.addEventListener("blur", () => this.setCursor(null));
  }

  get middle() {
    return { x: this.panel.width / 2, y: this.panel.height / 2 };
  }

  press(event) {
    const { panel } = this, { key, shiftKey } = event, { x, y } = this.cursor ?? this.middle;
    if (event.ctrlKey || event.metaKey) return;
    if (key in STEPS) this.stepCursor(...STEPS[key], shiftKey ? STEP.long : STEP.short);
    else if (key in TURNS && panel.placed.solid) panel.turnBy(...TURNS[key].map((way) => way * TURN_STEP));
    else if (key === "Enter" && this.cursor) this.selectCircle(selectionMode(event));
    else if (key === "[" || key === "]") this.setRadius(key === "[" ? 0.8 : 1.25);
    else if (key === "+" || key === "=") panel.zoomBy(ZOOM_STEP, x, y);
    else if (key === "-" || key === "−") panel.zoomBy(1 / ZOOM_STEP, x, y);
    else if (key === "0") panel.resetView();
    else return;
    event.preventDefault();
  }

  /** The first step shows the circle in the middle; at an edge the view moves instead. */
  stepCursor(dx, dy, length) {
    const { panel, cursor } = this;
    if (!cursor) {
      this.setCursor(this.middle);
      return;
    }
    const x = cursor.x + dx * length, y = cursor.y + dy * length;
    if (x < 0 || y < 0 || x > panel.width || y > panel.height) panel.moveBy(-dx * length, -dy * length);
    this.setCursor({ x: clamp(x, [0, panel.width]), y: clamp(y, [0, panel.height]) });
  }

  setCursor(cursor) {
    if (!cursor && !this.cursor) return;
    const { panel } = this;
    this.cursor = cursor;
    const point = cursor ? panel.places.nearest(cursor.x, cursor.y, this.radius) : -1;
    panel.pointer.hover(point);
    if (cursor) speak(point < 0 ? "no point in the circle" : panel.app.description.summary(point));
    panel.change(true);
  }

  setRadius(factor) {
    this.radius = clamp(this.radius * factor, CIRCLES);
    this.setCursor(this.cursor ?? this.middle);
  }

  selectCircle(mode) {
    const { x, y } = this.cursor;
    this.panel.app.selection.change(this.panel.places.where((px, py) => Math.hypot(px - x, py - y) <= this.radius), mode);
  }
}
