// From one arrangement of the points to another, so that the eye can follow them.

const TRANSITION = 900; // milliseconds

class Transition {
  constructor(from, to) {
    Object.assign(this, { from, to, start: performance.now() });
    this.positions = new Float32Array(to.positions.length);
  }

  /** The arrangement at a time, `to` at the end. */
  at(now) {
    const share = clamp((now - this.start) / TRANSITION, [0, 1]);
    if (share === 1) return this.to;
    const eased = share * share * (3 - 2 * share), { from, to, positions } = this;
    for (let k = 0; k < positions.length; k++) positions[k] = mix(from.positions[k], to.positions[k], eased);
    const extent = from.extent.map((part, axis) => mix(part, to.extent[axis], eased));
    return { positions, extent, size: mix(from.size, to.size, eased), solid: from.solid || to.solid };
  }
}

function wantsStillness() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}
