// A panel as a picture to be kept: PNG, or SVG whose points are shapes unless there are too many.

const MOST_SHAPES = 30_000; // points; more make an SVG that few programs open

async function savePicture(panel, kind) {
  const figure = figureAround(panel), name = `${panel.view.title.toLowerCase()}.${kind}`;
  if (kind === "svg") download(name, new Blob([svgOf(figure, panel)], { type: "image/svg+xml" }));
  else pngOf(figure, panel).toBlob((blob) => download(name, blob));
}

/** The panel alone, three times as fine as on the screen, all points drawn. */
function paintedPanel(panel, points = panel.app.foreground) {
  const { app, placed } = panel, canvas = element("canvas", ""), frame = { ...panel.frame(), ratio: LARGEST_RATIO };
  const drawing = new PixelDrawing(canvas), away = (point) => projected(frame.away, placed.positions, point);
  const { order, split } = frame.away ? byDepth(points, away) : points;
  Object.assign(canvas, { width: Math.round(panel.width * LARGEST_RATIO), height: Math.round(panel.height * LARGEST_RATIO) });
  drawing.setPositions(placed.positions);
  drawing.setColours(app.colouring.colours);
  if (app.dense) drawing.setOrder(new Uint32Array(0), 0);
  else drawing.setOrder(order, split);
  drawing.draw(frame);
  if (app.dense) canvas.getContext("2d").drawImage(panel.density.canvas, 0, 0, canvas.width, canvas.height);
  return canvas;
}

// ---- PNG ----

function pngOf(figure, panel) {
  const canvas = element("canvas", ""), pen = canvas.getContext("2d");
  Object.assign(canvas, { width: Math.round(figure.width * LARGEST_RATIO), height: Math.round(figure.height * LARGEST_RATIO) });
  pen.fillStyle = figure.ground;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(paintedPanel(panel), 0, figure.top * LARGEST_RATIO);
  for (const shape of figure.shapes) drawShape(pen, shape);
  return canvas;
}

function drawShape(pen, shape) {
  const { path, text, x, y, scale = 1, colour, anchor } = shape;
  pen.setTransform(LARGEST_RATIO * scale, 0, 0, LARGEST_RATIO * scale, LARGEST_RATIO * x, LARGEST_RATIO * y);
  pen.fillStyle = colour;
  if (path) pen.fill(new Path2D(path));
  else {
    pen.font = fontOf(shape);
    pen.textAlign = anchor === "middle" ? "center" : anchor;
    pen.fillText(text, 0, 0);
  }
}

// ---- SVG ----

function svgOf(figure, panel) {
  const { width, height, top, ground, shapes } = figure, { order } = panel.app.foreground;
  const asShapes = order.length <= MOST_SHAPES && !panel.app.dense, few = { order: new Uint32Array(0), split: 0 };
  const painted = asShapes && !panel.frame().image ? "" : pictureElement(paintedPanel(panel, asShapes ? few : undefined), panel);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<path fill="${ground}" d="M0 0H${width}V${height}H0Z"/>`,
    `<svg y="${top}" width="${panel.width}" height="${panel.height}">${painted}${asShapes ? pointShapes(panel) : ""}</svg>`,
    ...shapes.map(svgShape),
    "</svg>\n",
  ].join("\n");
}

function pictureElement(canvas, { width, height }) {
  return `<image width="${width}" height="${height}" href="${canvas.toDataURL()}"/>`;
}

/** Those within the panel. */
function pointShapes(panel) {
  const frame = panel.frame(), { ground, dim } = frame, { positions } = panel.placed, { colours } = panel.app.colouring;
  const away = (point) => (frame.away ? projected(frame.away, positions, point) : 0), radius = frame.size / 2;
  const { order, split } = frame.away ? byDepth(panel.app.foreground, away) : panel.app.foreground;
  const shapes = Array.from(order, (point, k) => {
    const [x, y] = panel.places.of(point), own = k < split ? dim : colours.subarray(4 * point, 4 * point + 3);
    if (Math.max(-x, -y, x - panel.width, y - panel.height) > radius) return "";
    const colour = Array.from(own, (part, c) => Math.round(mix(part, ground[c], fadedShare(away(point)))));
    const path = MARKER_PATHS[colours[4 * point + 3]], [left, top, scale] = [x, y, radius].map(shortPlace);
    return svgShape({ path, x: left, y: top, scale, colour: `rgb(${colour})` });
  });
  return `<g fill-opacity="${frame.opacity}">${shapes.join("\n")}</g>`;
}

function shortPlace(value) {
  return Number(value.toFixed(2));
}

function svgShape({ path, text, x, y, scale, colour, size, bold, anchor }) {
  if (path) return `<path transform="translate(${x} ${y}) scale(${scale})" fill="${colour}" d="${path}"/>`;
  const font = `font-family="${FONT}" font-size="${size}"${bold ? ' font-weight="bold"' : ""}`;
  return `<text x="${x}" y="${y}" ${font} text-anchor="${anchor}" fill="${colour}">${escaped(text)}</text>`;
}

function escaped(text) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
