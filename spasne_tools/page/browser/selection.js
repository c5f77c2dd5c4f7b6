// The points that are selected.

class Selection {
  constructor(signals, n) {
    Object.assign(this, { signals, n, size: 0 });
    this.mask = new Uint8Array(n);
  }

  /** "replace" by points, "add" them, or "remove" them. */
  change(points, mode = "replace") {
    if (mode === "replace") this.mask.fill(0);
    for (const point of points) this.mask[point] = mode === "remove" ? 0 : 1;
    this.changed();
  }

  keepOnly(isKept) {
    for (let i = 0; i < this.n; i++) if (!isKept(i)) this.mask[i] = 0;
    this.changed();
  }

  changed() {
    this.size = this.mask.reduce((sum, one) => sum + one, 0);
    this.signals.tell("selection");
  }

  points() {
    const points = new Uint32Array(this.size);
    for (let i = 0, next = 0; i < this.n; i++) if (this.mask[i]) points[next++] = i;
    return points;
  }
}

/** What a key that is held makes of a selection. */
function selectionMode(event) {
  if (event.shiftKey) return "add";
  return event.altKey ? "remove" : "replace";
}
