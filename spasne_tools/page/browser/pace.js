// How many points are drawn while something moves: as many as let the eye see motion. At rest, all are.

const SLOWEST_FRAME = 40; // milliseconds that a frame in motion may take; where it takes more, fewer points are drawn
const FEWEST = 10_000; // points in motion
const FIRST = 60_000; // points of the first motion without a graphics card
const REST = 220; // milliseconds without a change after which all points are drawn

class Pace {
  constructor(n, hasCard, rest) {
    Object.assign(this, { rest, moving: false });
    this.least = Math.min(1, FEWEST / n);
    this.inMotion = hasCard ? 1 : Math.min(1, FIRST / n);
  }

  /** The share of the points to draw. */
  get share() {
    return this.moving ? this.inMotion : 1;
  }

  /** Something moves: until nothing has for a while. */
  move() {
    this.moving = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.moving = false;
      if (this.inMotion < 1) this.rest();
    }, REST);
  }

  /** A frame begins: the time until the next can says how many points that one may have. */
  measure() {
    if (!this.moving) return;
    const start = performance.now();
    requestAnimationFrame(() => {
      const change = clamp(SLOWEST_FRAME / (performance.now() - start), [0.5, 1.15]);
      this.inMotion = clamp(this.inMotion * change, [this.least, 1]);
    });
  }
}
