// Where the points of a panel are on the screen, and which are near or inside of something.

const REACH = 12; // CSS pixels from the pointer within which a point is found

class Places {
  constructor(panel) {
    this.panel = panel;
  }

  /** CSS pixels of a point. */
  of(point) {
    const { camera, placed: { positions } } = this.panel;
    return [projected(camera.across(), positions, point), projected(camera.down(), positions, point)];
  }

  /** The shown point nearest to a place, -1 where none is within reach. */
  nearest(x, y, reach = Math.max(REACH, this.panel.diameter() / 2)) {
    let best = -1, least = reach * reach;
    this.each((point, px, py) => {
      const squared = (px - x) ** 2 + (py - y) ** 2;
      if (squared > least || (squared === least && best >= 0) || !this.panel.app.foreground.isShown(point)) return;
      best = point;
      least = squared;
    });
    return best;
  }

  /** The shown points whose places fulfil `inside`. */
  where(inside) {
    const found = [];
    this.each((point, x, y) => inside(x, y) && this.panel.app.foreground.isShown(point) && found.push(point));
    return found;
  }

  each(visit) {
    const { camera, placed: { positions }, app } = this.panel, across = camera.across(), down = camera.down();
    for (let i = 0; i < app.n; i++) visit(i, projected(across, positions, i), projected(down, positions, i));
  }
}
