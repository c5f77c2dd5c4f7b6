// From places of an arrangement to CSS pixels of a panel: zoomed, moved and turned.

const MARGIN = 16; // CSS pixels around the points
const ZOOMS = [0.5, 40]; // a step of a code stays below a pixel
const TURN = 0.008; // radians for each CSS pixel of dragging
const FADE = 0.75; // of the farthest point of a solid, towards the ground

class Camera {
  constructor(downwards) {
    this.up = downwards ? 1 : -1; // what one more of y is on the screen
    Object.assign(this, { width: 0, height: 0, extent: [0, 0, 0], solid: false });
    this.reset();
  }

  reset() {
    Object.assign(this, { zoom: 1, centre: [0, 0] });
    this.turned = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]; // what points right, up and towards the reader
  }

  /** CSS pixels for each unit of the arrangement, when all of it is shown. */
  get fit() {
    const [x, y] = this.extent;
    const fits = [x > 0 ? (this.width - 2 * MARGIN) / x : Infinity, y > 0 ? (this.height - 2 * MARGIN) / y : Infinity];
    const fit = Math.min(...fits);
    return fit > 0 && Number.isFinite(fit) ? fit : 1;
  }

  get scale() {
    return this.zoom * this.fit;
  }

  // ---- what x, y, z and 1 of a place are multiplied with ----

  /** To give CSS pixels from the left. */
  across() {
    const { scale } = this;
    return [...this.turned[0].map((part) => scale * part), this.width / 2 - scale * this.centre[0]];
  }

  /** To give CSS pixels from the top. */
  down() {
    const scale = this.up * this.scale;
    return [...this.turned[1].map((part) => scale * part), this.height / 2 - scale * this.centre[1]];
  }

  /** To give how far away the place of a solid is: 0 nearest, 1 farthest. */
  away() {
    return [...this.turned[2].map((part) => -part), 0.5];
  }

  // ---- changes ----

  /** The place at x, y stays there. */
  zoomBy(factor, x, y) {
    const before = this.scale;
    this.zoom = clamp(this.zoom * factor, ZOOMS);
    const kept = 1 / before - 1 / this.scale;
    this.centre[0] += (x - this.width / 2) * kept;
    this.centre[1] += this.up * (y - this.height / 2) * kept;
    this.moveBy(0, 0);
  }

  moveBy(dx, dy) {
    const { scale, extent, centre } = this;
    centre[0] = clamp(centre[0] - dx / scale, [-extent[0] / 2, extent[0] / 2]);
    centre[1] = clamp(centre[1] - (this.up * dy) / scale, [-extent[1] / 2, extent[1] / 2]);
  }

  /** As if the near side of the points were dragged. */
  turnBy(dx, dy) {
    this.rotate(0, TURN * dx);
    this.rotate(1, this.up * TURN * dy);
  }

  rotate(axis, angle) {
    const { turned } = this, cos = Math.cos(angle), sin = Math.sin(angle), line = turned[axis], near = turned[2];
    turned[axis] = line.map((part, k) => cos * part + sin * near[k]);
    turned[2] = near.map((part, k) => cos * part - sin * line[k]);
  }
}

/** How much of the ground a place of a solid takes on: nothing on the near half. */
function fadedShare(away) {
  return FADE * Math.min(1, Math.max(0, 2 * away - 1));
}

/** A sum of x, y, z and 1 of a point, with the factors given. Indices, as this is called for every point of every frame. */
function projected(line, positions, point) {
  const start = 3 * point;
  return line[0] * positions[start] + line[1] * positions[start + 1] + line[2] * positions[start + 2] + line[3];
}
