// One panel: where its points are on the screen, what is near the pointer, dragging, zooming and keys.

const MARGIN = 16; // CSS pixels around the points
const ZOOMS = [0.5, 40]; // a step of a code stays below a pixel
const REACH = 12; // CSS pixels from the pointer within which a point is found
const CLICK = 4; // CSS pixels of a movement that is still a click
const LASSO_STEP = 2; // CSS pixels between corners of a lasso
const DIAMETERS = [1.3, 9]; // CSS pixels, before zooming
const LARGEST_DIAMETER = 28;
const LARGEST_RATIO = 3; // device pixels for each CSS pixel; also on paper
const CIRCLES = [6, 300]; // CSS pixels: radius of the keyboard's circle

class Panel {
  constructor(view, app) {
    this.view = view;
    this.app = app;
    this.element = document.getElementById("panel").content.firstElementChild.cloneNode(true);
    document.getElementById("panels").append(this.element);
    const [plot, points, marks] = [".plot", ".points", ".marks"].map((name) => this.element.querySelector(name));
    Object.assign(this, { plot, points, marks, tip: this.element.querySelector(".tip") });
    this.drawing = drawingFor(points);
    this.pen = marks.getContext("2d");
    this.zoom = 1;
    this.pointers = new Map(); // of fingers and mouse buttons that are down
    this.drag = null;
    this.hovered = -1;
    this.cursor = null; // of the keyboard: {x, y} in CSS pixels
    this.radius = 40;
    this.name();
    this.listen();
  }

  name() {
    const { title } = this.view, heading = this.element.querySelector("h2");
    heading.textContent = title;
    heading.id = `panel-${title.toLowerCase()}`;
    this.element.setAttribute("aria-labelledby", heading.id);
    this.marks.setAttribute("aria-label", `${title}, ${count(this.app.n)} points`);
    for (const button of this.element.querySelectorAll("[data-zoom]")) {
      const way = button.dataset.zoom > 1 ? "in" : "out";
      button.setAttribute("aria-label", `Zoom ${way}: ${title}`);
      button.title = `Zoom ${way}`;
      button.addEventListener("click", () => this.zoomBy(Number(button.dataset.zoom)));
    }
  }

  async load() {
    this.codes = await Promise.all(this.view.axes.map(async ({ block }) => new Uint16Array(await readBlock(block))));
    if (this.codes.length === 3) this.offerAxes();
    this.setAxes(0, 1);
    new ResizeObserver(() => this.resize()).observe(this.plot);
  }

  offerAxes() {
    const select = this.element.querySelector(".axes select");
    for (const [a, b] of [[0, 1], [0, 2], [1, 2]]) select.add(new Option(`${a + 1} and ${b + 1}`, `${a}${b}`));
    select.addEventListener("change", () => this.setAxes(...[...select.value].map(Number)));
    select.parentElement.hidden = false;
  }

  setAxes(a, b) {
    const x = this.codes[a], y = this.codes[b];
    this.positions = new Uint16Array(2 * x.length);
    for (let i = 0; i < x.length; i++) {
      this.positions[2 * i] = x[i];
      this.positions[2 * i + 1] = y[i];
    }
    this.extent = [this.view.axes[a].extent, this.view.axes[b].extent];
    this.grid = new Grid(this.positions);
    this.drawing.setPositions(this.positions);
    this.resetView();
  }

  // ---- where points are ----

  resetView() {
    this.zoom = 1;
    this.centre = this.extent.map((extent) => extent / 2);
    this.change();
  }

  /** CSS pixels for each unit of the data. */
  get scale() {
    const [x, y] = this.extent;
    const fits = [x > 0 ? (this.width - 2 * MARGIN) / x : Infinity, y > 0 ? (this.height - 2 * MARGIN) / y : Infinity];
    const fit = Math.min(...fits);
    return this.zoom * (fit > 0 && Number.isFinite(fit) ? fit : 1);
  }

  /** The frame of drawing.js. */
  frame() {
    const { scale, width, height, centre, extent } = this, up = this.view.downwards ? 1 : -1;
    return {
      width, height, ratio: this.ratio, size: this.diameter(),
      ax: (scale * extent[0]) / LARGEST_CODE, bx: width / 2 - scale * centre[0],
      ay: (up * scale * extent[1]) / LARGEST_CODE, by: height / 2 - up * scale * centre[1],
      ground: this.app.ground, dim: this.app.dim,
    };
  }

  /** So that the points cover the share of the panel that the header asks for, growing with the zoom. */
  diameter() {
    const { scale, zoom, extent } = this, whole = this.width * this.height;
    const area = Math.max(extent[0] * extent[1] * (scale / zoom) ** 2, 0.15 * whole);
    const fitting = 2 * Math.sqrt((this.view.cover * area) / this.app.n / Math.PI);
    const size = clamp(fitting, DIAMETERS) * Math.sqrt(Math.max(zoom, 1)) * this.app.pointSize;
    return clamp(size, [1, LARGEST_DIAMETER]);
  }

  resize() {
    const { width, height } = this.plot.getBoundingClientRect();
    if (width === 0 || height === 0) return;
    const ratio = this.app.printing ? LARGEST_RATIO : Math.min(window.devicePixelRatio || 1, LARGEST_RATIO);
    Object.assign(this, { width, height, ratio });
    for (const canvas of [this.points, this.marks]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    this.change();
    this.draw(); // at once: a canvas is empty after its size was set
  }

  zoomBy(factor, x = this.width / 2, y = this.height / 2) {
    const before = this.scale;
    this.zoom = clamp(this.zoom * factor, ZOOMS);
    const kept = 1 / before - 1 / this.scale, up = this.view.downwards ? 1 : -1; // the place at x, y stays there
    this.centre[0] += (x - this.width / 2) * kept;
    this.centre[1] += up * (y - this.height / 2) * kept;
    this.moveBy(0, 0);
  }

  moveBy(dx, dy) {
    const { scale, extent } = this, up = this.view.downwards ? 1 : -1;
    this.centre[0] = clamp(this.centre[0] - dx / scale, [0, extent[0]]);
    this.centre[1] = clamp(this.centre[1] - (up * dy) / scale, [0, extent[1]]);
    this.change();
  }

  // ---- drawing ----

  /** Draw everything, or the marks alone, before the screen is next refreshed. */
  change(marksOnly = false) {
    if (!marksOnly) this.stale = true;
    this.waiting ||= requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.waiting);
    this.waiting = 0;
    if (!this.width || !this.app.ready) return;
    if (this.stale) this.drawing.draw(this.frame());
    this.stale = false;
    this.drawMarks();
  }

  drawMarks() {
    const { pen, ratio } = this;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    if (this.app.hovered >= 0) this.drawRing(this.app.hovered);
    if (this.cursor) this.drawCursor();
    if (this.drag?.path) this.drawLasso(this.drag.path);
    if (this.app.printing) this.copyPoints();
  }

  /** Points below the marks on one canvas: browsers print that of WebGL empty. */
  copyPoints() {
    this.pen.resetTransform();
    this.pen.globalCompositeOperation = "destination-over";
    this.pen.drawImage(this.points, 0, 0);
    this.pen.globalCompositeOperation = "source-over";
  }

  drawRing(point) {
    const [x, y] = this.place(point), frame = this.frame();
    for (const [width, colour] of [[4, frame.ground], [2, this.app.mark]]) {
      this.pen.beginPath();
      this.pen.arc(x, y, frame.size / 2 + 3.5, 0, 2 * Math.PI);
      this.pen.lineWidth = width;
      this.pen.strokeStyle = `rgb(${colour})`;
      this.pen.stroke();
    }
  }

  drawCursor() {
    const { pen, radius } = this, { x, y } = this.cursor;
    pen.strokeStyle = this.app.accent;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    for (const [dx, dy] of [[5, 0], [0, 5]]) {
      pen.moveTo(x - dx, y - dy);
      pen.lineTo(x + dx, y + dy);
    }
    pen.stroke();
  }

  drawLasso(path) {
    const { pen } = this;
    pen.beginPath();
    for (const [x, y] of path) pen.lineTo(x, y);
    pen.closePath();
    pen.fillStyle = pen.strokeStyle = this.app.accent;
    pen.globalAlpha = 0.12;
    pen.fill();
    pen.globalAlpha = 1;
    pen.lineWidth = 1.5;
    pen.stroke();
  }

  // ---- finding points ----

  /** CSS pixels of a point. */
  place(point) {
    const { ax, bx, ay, by } = this.frame();
    return [this.positions[2 * point] * ax + bx, this.positions[2 * point + 1] * ay + by];
  }

  /** The shown point nearest to a place, -1 where none is within reach. */
  nearest(x, y, reach = Math.max(REACH, this.diameter() / 2)) {
    return this.grid.nearest(this.frame(), x, y, reach, (point) => this.app.isShown(point));
  }

  /** The shown points whose places fulfil `inside`. */
  pointsWhere(inside) {
    const { ax, bx, ay, by } = this.frame(), { positions } = this, found = [];
    for (let i = 0; i < this.app.n; i++) {
      if (inside(positions[2 * i] * ax + bx, positions[2 * i + 1] * ay + by) && this.app.isShown(i)) found.push(i);
    }
    return found;
  }

  // ---- pointer ----

  listen() {
    const { marks } = this;
    marks.addEventListener("pointerdown", (event) => this.pointerDown(event));
    marks.addEventListener("pointermove", (event) => this.pointerMove(event));
    marks.addEventListener("pointerup", (event) => this.pointerUp(event));
    marks.addEventListener("pointercancel", (event) => this.pointerEnd(event));
    marks.addEventListener("pointerleave", () => this.hover(-1));
    marks.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    marks.addEventListener("keydown", (event) => this.keyDown(event));
    marks.addEventListener("blur", () => this.setCursor(null));
  }

  pointerDown(event) {
    if (event.button > 1) return;
    this.setCursor(null);
    this.marks.setPointerCapture(event.pointerId);
    const at = [event.offsetX, event.offsetY];
    this.pointers.set(event.pointerId, at);
    const moves = event.button === 1 || this.app.moves || this.pointers.size > 1;
    this.drag = { start: at, path: moves ? null : [at], moved: false };
    if (event.button === 1) event.preventDefault();
    this.hover(-1);
  }

  pointerMove(event) {
    const at = [event.offsetX, event.offsetY], before = this.pointers.get(event.pointerId);
    if (!before) {
      this.hover(this.nearest(...at), at);
      return;
    }
    const { drag } = this;
    drag.moved ||= distance(at, drag.start) > CLICK;
    if (this.pointers.size > 1) this.pinch(event.pointerId, at);
    else if (!drag.path) this.moveBy(at[0] - before[0], at[1] - before[1]);
    else if (distance(at, drag.path.at(-1)) >= LASSO_STEP) drag.path.push(at);
    this.pointers.set(event.pointerId, at);
    this.change(true);
  }

  /** Two fingers: the view follows the moved one's half of the way, and zooms with their distance. */
  pinch(id, at) {
    const before = this.pointers.get(id);
    const other = [...this.pointers].find(([number]) => number !== id)[1];
    const middle = [(at[0] + other[0]) / 2, (at[1] + other[1]) / 2];
    this.zoomBy(distance(at, other) / Math.max(1, distance(before, other)), ...middle);
    this.moveBy((at[0] - before[0]) / 2, (at[1] - before[1]) / 2);
  }

  pointerUp(event) {
    const { drag } = this, path = drag?.path, at = [event.offsetX, event.offsetY], mode = selectionMode(event);
    this.pointerEnd(event);
    if (!path) return;
    if (drag.moved) {
      this.app.select(this.pointsWhere(insideOf(path)), mode);
      return;
    }
    const point = this.nearest(...at);
    this.app.select(point < 0 ? [] : [point], mode);
    this.hover(point, at);
  }

  pointerEnd(event) {
    this.pointers.delete(event.pointerId);
    if (this.pointers.size > 0) this.drag.path = null; // a lifted finger of two leaves the other moving
    else this.drag = null;
    this.change(true);
  }

  wheel(event) {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
    this.zoomBy(Math.exp(-clamp(pixels, [-200, 200]) * (event.ctrlKey ? 0.01 : 0.002)), event.offsetX, event.offsetY);
    this.hover(-1);
  }

  /** Mark a point in both panels and describe it beside the pointer. */
  hover(point, at = null) {
    this.app.hover(point);
    this.tip.hidden = point < 0;
    if (point < 0) return;
    this.tip.replaceChildren(...this.app.describe(point));
    const [x, y] = at ?? this.place(point), { offsetWidth, offsetHeight } = this.tip;
    const left = x + 14 + offsetWidth > this.width ? x - 14 - offsetWidth : x + 14;
    const top = y + 14 + offsetHeight > this.height ? y - 14 - offsetHeight : y + 14;
    this.tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  }

  // ---- keys ----

  keyDown(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const { x, y } = this.cursor ?? { x: this.width / 2, y: this.height / 2 };
    if (event.ctrlKey || event.metaKey) return;
    if (event.key in steps) this.stepCursor(...steps[event.key], event.shiftKey ? 48 : 12);
    else if (event.key === "Enter" && this.cursor) this.selectCircle(selectionMode(event));
    else if (event.key === "[" || event.key === "]") this.setRadius(event.key === "[" ? 0.8 : 1.25);
    else if (event.key === "+" || event.key === "=") this.zoomBy(1.5, x, y);
    else if (event.key === "-" || event.key === "−") this.zoomBy(1 / 1.5, x, y);
    else if (event.key === "0") this.resetView();
    else return;
    event.preventDefault();
  }

  /** The first step shows the circle in the middle; at an edge the view moves instead. */
  stepCursor(dx, dy, length) {
    if (!this.cursor) {
      this.setCursor({ x: this.width / 2, y: this.height / 2 });
      return;
    }
    const x = this.cursor.x + dx * length, y = this.cursor.y + dy * length;
    if (x < 0 || y < 0 || x > this.width || y > this.height) this.moveBy(-dx * length, -dy * length);
    this.setCursor({ x: clamp(x, [0, this.width]), y: clamp(y, [0, this.height]) });
  }

  setCursor(cursor) {
    if (!cursor && !this.cursor) return;
    this.cursor = cursor;
    const point = cursor ? this.nearest(cursor.x, cursor.y, this.radius) : -1;
    this.hover(point);
    if (cursor) this.app.speak(point < 0 ? "no point in the circle" : this.app.summary(point));
    this.change(true);
  }

  setRadius(factor) {
    this.radius = clamp(this.radius * factor, CIRCLES);
    this.setCursor(this.cursor ?? { x: this.width / 2, y: this.height / 2 });
  }

  selectCircle(mode) {
    const { x, y } = this.cursor;
    this.app.select(this.pointsWhere((px, py) => Math.hypot(px - x, py - y) <= this.radius), mode);
  }
}

/** Points sorted into square cells of the codes, to find the nearest without looking at all. */
class Grid {
  constructor(positions) {
    const n = positions.length / 2;
    this.positions = positions;
    this.side = Math.max(1, Math.min(512, Math.ceil(Math.sqrt(n / 2))));
    this.starts = new Uint32Array(this.side * this.side + 1);
    this.points = new Uint32Array(n);
    for (let i = 0; i < n; i++) this.starts[this.cellOf(i) + 1]++;
    for (let cell = 0; cell < this.side * this.side; cell++) this.starts[cell + 1] += this.starts[cell];
    const next = this.starts.slice();
    for (let i = 0; i < n; i++) this.points[next[this.cellOf(i)]++] = i;
  }

  cellOf(point) {
    return this.line(this.positions[2 * point + 1]) * this.side + this.line(this.positions[2 * point]);
  }

  line(code) {
    return Math.floor((Math.max(0, Math.min(LARGEST_CODE, code)) * this.side) / (LARGEST_CODE + 1));
  }

  nearest({ ax, bx, ay, by }, x, y, reach, isShown) {
    const range = (a, b, at) => (a === 0 ? [0, this.side - 1] : [at - reach, at + reach]
      .map((edge) => this.line((edge - b) / a)).sort((one, other) => one - other));
    const [left, right] = range(ax, bx, x), [low, high] = range(ay, by, y);
    let best = -1, least = reach * reach;
    for (let row = low; row <= high; row++) {
      const end = this.starts[row * this.side + right + 1];
      for (let k = this.starts[row * this.side + left]; k < end; k++) {
        const i = this.points[k];
        const dx = this.positions[2 * i] * ax + bx - x, dy = this.positions[2 * i + 1] * ay + by - y;
        const squared = dx * dx + dy * dy;
        if (squared > least || (squared === least && best >= 0) || !isShown(i)) continue;
        best = i;
        least = squared;
      }
    }
    return best;
  }
}

/** Whether a place is inside of a polygon: a ray to the right of it crosses the border an odd number of times. */
function insideOf(path) {
  const xs = path.map(([x]) => x), ys = path.map(([, y]) => y);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  return (x, y) => {
    if (x < left || x > right || y < top || y > bottom) return false;
    let inside = false;
    for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
      if (ys[i] > y !== ys[j] > y && x < ((xs[j] - xs[i]) * (y - ys[i])) / (ys[j] - ys[i]) + xs[i]) inside = !inside;
    }
    return inside;
  };
}

function selectionMode(event) {
  if (event.shiftKey) return "add";
  return event.altKey ? "remove" : "replace";
}

function clamp(value, [least, most]) {
  return Math.min(most, Math.max(least, value));
}

function distance([x, y], [u, v]) {
  return Math.hypot(x - u, y - v);
}
