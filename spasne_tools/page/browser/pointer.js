// Mouse and fingers on a panel: drawing around points, moving, turning, zooming.

const CLICK = 4; // CSS pixels of a movement that is still a click
const LASSO_STEP = 2; // CSS pixels between corners of a lasso

class Pointer {
  constructor(panel) {
    Object.assign(this, { panel, drag: null });
    this.down = new Map(); // fingers and mouse buttons
    const { canvas } = panel;
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.release(event));
    canvas.addEventListener("pointercancel", (event) => this.end(event));
    canvas.addEventListener("pointerleave", () => this.hover(-1));
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  /** Corners of the lasso that is being drawn. */
  get path() {
    return this.drag?.path;
  }

  press(event) {
    if (event.button > 1) return;
    const { panel } = this, start = [event.offsetX, event.offsetY];
    panel.keys.setCursor(null);
    panel.canvas.setPointerCapture(event.pointerId);
    this.down.set(event.pointerId, start);
    const moves = event.button === 1 || panel.app.moves || this.down.size > 1;
    this.drag = { start, path: moves ? null : [start], moved: false };
    if (event.button === 1) event.preventDefault();
    this.hover(-1);
  }

  move(event) {
    const { panel, drag } = this, to = [event.offsetX, event.offsetY], before = this.down.get(event.pointerId);
    if (!before) {
      this.hover(panel.places.nearest(...to), to);
      return;
    }
    drag.moved ||= distance(to, drag.start) > CLICK;
    if (this.down.size > 1) this.pinch(event.pointerId, to);
    else if (!drag.path) this.pull(to[0] - before[0], to[1] - before[1], event.shiftKey);
    else if (distance(to, drag.path.at(-1)) >= LASSO_STEP) drag.path.push(to);
    this.down.set(event.pointerId, to);
    panel.change(true);
  }

  /** A solid turns; with Shift it moves, as anything flat does. */
  pull(dx, dy, shift) {
    if (this.panel.placed.solid && !shift) this.panel.turnBy(dx, dy);
    else this.panel.moveBy(dx, dy);
  }

  /** Two fingers: the view follows the moved one's half of the way, and zooms with their distance. */
  pinch(id, to) {
    const before = this.down.get(id);
    const other = [...this.down].find(([number]) => number !== id)[1];
    const middle = [(to[0] + other[0]) / 2, (to[1] + other[1]) / 2];
    this.panel.zoomBy(distance(to, other) / Math.max(1, distance(before, other)), ...middle);
    this.panel.moveBy((to[0] - before[0]) / 2, (to[1] - before[1]) / 2);
  }

  release(event) {
    const { panel, drag, path } = this, to = [event.offsetX, event.offsetY], mode = selectionMode(event);
    this.end(event);
    if (!path) return;
    if (drag.moved) {
      panel.app.selection.change(panel.places.where(insideOf(path)), mode);
      return;
    }
    const point = panel.places.nearest(...to);
    panel.app.selection.change(point < 0 ? [] : [point], mode);
    this.hover(point, to);
  }

  end(event) {
    this.down.delete(event.pointerId);
    if (this.down.size > 0) this.drag.path = null; // a lifted finger of two leaves the other moving
    else this.drag = null;
    this.panel.change(true);
  }

  wheel(event) {
    event.preventDefault();
    const pixels = clamp(event.deltaY * (event.deltaMode === 1 ? 16 : 1), [-200, 200]);
    this.panel.zoomBy(Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.002)), event.offsetX, event.offsetY);
    this.hover(-1);
  }

  /** Mark a point in both panels and describe it beside the pointer. */
  hover(point, to = null) {
    const { panel } = this, { app, tip } = panel;
    app.hover(point);
    tip.hidden = point < 0;
    if (point < 0) return;
    tip.replaceChildren(...app.description.lines(point));
    const [x, y] = to ?? panel.places.of(point), { offsetWidth, offsetHeight } = tip;
    const left = x + 14 + offsetWidth > panel.width ? x - 14 - offsetWidth : x + 14;
    const top = y + 14 + offsetHeight > panel.height ? y - 14 - offsetHeight : y + 14;
    tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  }
}
