// One panel: its points, where they are on the screen, when they are drawn.

const DIAMETERS = [1.3, 9]; // CSS pixels, before zooming
const LARGEST_DIAMETER = 28;
const LARGEST_RATIO = 3; // device pixels for each CSS pixel; also on paper and in saved pictures

class Panel {
  constructor(view, app) {
    Object.assign(this, { view, app, stale: false, waiting: 0, image: null, transition: null });
    this.element = at("panel").content.firstElementChild.cloneNode(true);
    at("panels").append(this.element);
    for (const part of ["plot", "points", "marks", "tip", "density"]) this[part] = this.element.querySelector(`.${part}`);
    const { points, marks, density } = this, pen = new Marks(this, marks);
    Object.assign(this, { canvas: marks, marks: pen, drawing: drawingFor(points), density: new DensityDrawing(density) });
    this.camera = new Camera(view.downwards);
    this.pace = new Pace(app.n, this.drawing instanceof WebglDrawing, () => this.change());
    this.places = new Places(this);
    this.pointer = new Pointer(this);
    this.keys = new Keys(this);
    this.bar = new PanelBar(this);
    this.follow(app.signals);
  }

  follow(signals) {
    signals.on("colours", () => {
      this.drawing.setColours(this.app.colouring.colours);
      this.change();
    });
    signals.on("order", () => this.change());
    signals.on("hover", () => this.change(true));
  }

  async load() {
    const { layouts, image } = this.view;
    await layouts[0].load();
    if (image) this.image = await loadImage(image, layouts[0]);
    await this.bar.offer(layouts);
    new ResizeObserver(() => this.resize()).observe(this.plot);
  }

  get width() {
    return this.camera.width;
  }

  get height() {
    return this.camera.height;
  }

  // ---- what is arranged how ----

  /** Show a layout by its axes; points move there from where they are. */
  async show(layout, axes) {
    this.wanted = layout;
    await layout.load();
    if (this.wanted !== layout) return; // another was chosen meanwhile
    const moves = this.layout && this.layout !== layout && !wantsStillness(), from = this.arrangement;
    Object.assign(this, { layout, axes, arrangement: layout.arrange(axes) });
    this.transition = moves ? new Transition(from, this.arrangement) : null;
    this.take(moves ? from : this.arrangement);
    this.camera.reset();
    this.app.hover(-1);
    this.change();
  }

  /** Draw these places from now on. */
  take(arrangement) {
    this.placed = arrangement;
    this.camera.extent = arrangement.extent;
    this.drawing.setPositions(arrangement.positions);
    this.sent = null; // a solid's order depends on its places
  }

  /** A step of what moves by itself: the transition, the turning. */
  step() {
    if (!this.transition && !this.spins) return;
    if (this.transition) {
      const now = this.transition.at(performance.now());
      this.take(now);
      if (now === this.transition.to) this.transition = null;
    }
    if (this.spins) this.camera.turnBy(1.5, 0);
    this.moved();
  }

  /** So that the points cover the share of the panel that the header asks for, growing with the zoom. */
  diameter() {
    const { fit, zoom, extent } = this.camera, whole = this.width * this.height;
    const area = Math.max(extent[0] * extent[1] * fit ** 2, 0.15 * whole);
    const fitting = 2 * Math.sqrt((this.view.cover * area) / this.app.n / Math.PI);
    const size = clamp(fitting, DIAMETERS) * Math.sqrt(Math.max(zoom, 1)) * this.app.pointSize;
    return clamp(size, [1, LARGEST_DIAMETER]);
  }

  // ---- changes of the view ----

  resetView() {
    this.camera.reset();
    this.change();
  }

  zoomBy(factor, x = this.width / 2, y = this.height / 2) {
    this.camera.zoomBy(factor, x, y);
    this.moved();
  }

  moveBy(dx, dy) {
    this.camera.moveBy(dx, dy);
    this.moved();
  }

  turnBy(dx, dy) {
    this.camera.turnBy(dx, dy);
    this.moved();
  }

  moved() {
    this.pace.move();
    this.change();
  }

  resize() {
    const { width, height } = this.plot.getBoundingClientRect();
    if (width === 0 || height === 0) return;
    this.ratio = this.app.printing ? LARGEST_RATIO : Math.min(window.devicePixelRatio || 1, LARGEST_RATIO);
    Object.assign(this.camera, { width, height });
    for (const canvas of [this.points, this.canvas]) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
    }
    this.change();
    this.draw(); // at once: a canvas is empty after its size was set
  }

  // ---- drawing ----

  /** Draw everything, or the marks alone, before the screen is next refreshed. */
  change(marksOnly = false) {
    if (!marksOnly) this.stale = true;
    this.waiting ||= requestAnimationFrame(() => {
      this.waiting = 0;
      this.step();
      this.draw();
    });
  }

  draw() {
    if (!this.width || !this.app.ready) return;
    if (this.stale) this.drawPoints();
    this.marks.draw();
  }

  drawPoints() {
    const frame = this.frame(), drawn = this.sendOrder(frame);
    this.stale = false;
    this.pace.measure();
    this.density.draw(frame, this.app.dense ? drawn : null);
    this.drawing.draw(frame);
    showScaleBar(this.element.querySelector(".scale-bar"), this.scaleBar());
  }

  /** The frame of drawing.js. */
  frame() {
    const { camera, width, height, ratio, app } = this, { ground, dim } = app.theme;
    return {
      width, height, ratio, ground, dim, size: this.diameter(), opacity: app.opacity,
      across: camera.across(), down: camera.down(), away: this.placed.solid ? camera.away() : null, image: this.imageFrame(),
    };
  }

  /** The order of the points, where it is another than before: thinned in motion, from far to near in a solid. */
  sendOrder({ away }) {
    const { foreground, dense } = this.app, { positions } = this.placed, share = this.pace.share;
    const { colours } = this.app.colouring, key = [foreground.version, share, dense, away].join();
    if (key === this.sent) return this.drawn;
    const few = thinned(foreground, share), ordered = away ? byDepth(few, (point) => projected(away, positions, point)) : few;
    this.sent = key;
    this.drawn = { positions, colours, ...ordered };
    if (dense) this.drawing.setOrder(new Uint32Array(0), 0);
    else this.drawing.setOrder(ordered.order, ordered.split);
    return this.drawn;
  }

  /** Only the plane that the image is of can have it under its points. */
  imageFrame() {
    const { image, camera, app } = this;
    if (!image || app.imageOpacity === 0 || this.placed.solid || this.axes.join() !== "0,1") return null;
    const [left, top] = [camera.across(), camera.down()].map((line, axis) => line[3] + camera.scale * image.from[axis]);
    const [width, height] = image.size.map((part) => camera.scale * part);
    return { bitmap: image.bitmap, left, top, width, height, opacity: app.imageOpacity };
  }

  scaleBar() {
    const { micrometres } = this.view;
    return scaleBar(this.camera, micrometres && micrometres * this.placed.size);
  }
}
