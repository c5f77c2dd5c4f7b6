// What lies over the points of a panel: a ring around one, the circle of the keyboard, the lasso.

class Marks {
  constructor(panel, canvas) {
    Object.assign(this, { panel, canvas, pen: canvas.getContext("2d") });
  }

  draw() {
    const { pen, panel } = this, { ratio, app } = panel;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, panel.width, panel.height);
    if (app.hovered >= 0) this.drawRing(app.hovered);
    if (panel.keys.cursor) this.drawCircle(panel.keys);
    if (panel.pointer.path) this.drawLasso(panel.pointer.path);
    if (app.printing) this.copyPoints();
  }

  /** Points below the marks on one canvas: browsers print that of WebGL empty. */
  copyPoints() {
    const { pen, canvas, panel } = this;
    pen.resetTransform();
    pen.globalCompositeOperation = "destination-over";
    if (panel.app.dense) pen.drawImage(panel.density.canvas, 0, 0, canvas.width, canvas.height);
    pen.drawImage(panel.points, 0, 0);
    pen.globalCompositeOperation = "source-over";
  }

  drawRing(point) {
    const { pen, panel } = this, { theme } = panel.app, [x, y] = panel.places.of(point);
    for (const [width, colour] of [[4, theme.ground], [2, theme.mark]]) {
      pen.beginPath();
      pen.arc(x, y, panel.diameter() / 2 + 3.5, 0, 2 * Math.PI);
      pen.lineWidth = width;
      pen.strokeStyle = `rgb(${colour})`;
      pen.stroke();
    }
  }

  drawCircle({ cursor: { x, y }, radius }) {
    const { pen } = this;
    pen.strokeStyle = this.panel.app.theme.accent;
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
    pen.fillStyle = pen.strokeStyle = this.panel.app.theme.accent;
    pen.globalAlpha = 0.12;
    pen.fill();
    pen.globalAlpha = 1;
    pen.lineWidth = 1.5;
    pen.stroke();
  }
}
