// What a saved picture shows around its points: title, scale bar and legend, as shapes that picture.js draws on a canvas or as SVG.
//
// A shape is a {path (SVG's), x, y, scale, colour} or a {text, x, y, size, bold, anchor ("start" or "middle"), colour}.

const FIGURE = { title: 30, line: 19, margin: 12, marker: 18 }; // CSS pixels
const FONT = "system-ui, sans-serif";
const RAMP = { width: 150, height: 12, steps: 50 };

/** {width, height, top (where the panel begins), ground, shapes} around a panel. */
function figureAround(panel) {
  const { app, width, height } = panel, { column } = app.colouring;
  const legend = column ? legendShapes(app, width + FIGURE.margin, FIGURE.title + FIGURE.line / 2, height) : { shapes: [], width: 0 };
  const name = panel.view.layouts.length > 1 ? panel.layout.name : panel.view.title;
  return {
    width: width + legend.width,
    height: height + FIGURE.title,
    top: FIGURE.title,
    ground: `rgb(${app.theme.ground})`,
    shapes: [textShape(app, name, FIGURE.margin, 20, { size: 15, bold: true }), ...legend.shapes, ...barShapes(panel)],
  };
}

function textShape({ theme }, text, x, y, { size = 12, bold = false, anchor = "start" } = {}) {
  return { text, x, y, size, bold, anchor, colour: theme.ink };
}

/** A rectangle. */
function boxShape(x, y, width, height, colour) {
  return { path: `M0 0H${width}V${height}H0Z`, x, y, scale: 1, colour };
}

function barShapes(panel) {
  const bar = panel.scaleBar(), { app, height } = panel, y = FIGURE.title + height - FIGURE.margin;
  if (!bar) return [];
  const middle = FIGURE.margin + bar.length / 2;
  return [boxShape(FIGURE.margin, y - 3, bar.length, 3, app.theme.ink), textShape(app, bar.text, middle, y - 8, { anchor: "middle" })];
}

/** Title and entries from x, y downwards, in as many columns as the height asks for: {shapes, width}. */
function legendShapes(app, x, y, height) {
  const { column } = app.colouring, title = textShape(app, column.name, x, y + 4, { bold: true });
  const least = textWidth(title) + 2 * FIGURE.margin;
  if (column.isNumeric) {
    return { shapes: [title, ...rampShapes(app, x, y + FIGURE.line)], width: Math.max(least, RAMP.width + 4 * FIGURE.margin) };
  }
  const { theme, foreground } = app, rows = Math.max(1, Math.floor(height / FIGURE.line) - 2);
  const shown = column.classes.map((look, code) => ({ ...look, code })).filter(({ code }) => !foreground.hidden.has(code));
  const names = shown.map(({ name }) => textShape(app, name, 0, 0));
  const step = FIGURE.marker + 2 * FIGURE.margin + Math.max(0, ...names.map(textWidth));
  const shapes = shown.flatMap((look, place) => {
    const left = x + Math.floor(place / rows) * step, top = y + ((place % rows) + 1) * FIGURE.line;
    const marker = { path: MARKER_PATHS[look.marker], x: left + 6, y: top, scale: 5.5, colour: look[theme.name] };
    return [marker, { ...names[place], x: left + FIGURE.marker, y: top + 4 }];
  });
  return { shapes: [title, ...shapes], width: Math.max(least, Math.ceil(shown.length / rows) * step) };
}

function fontOf({ size, bold }) {
  return `${bold ? "bold " : ""}${size}px ${FONT}`;
}

function textWidth(shape) {
  const pen = element("canvas", "").getContext("2d");
  pen.font = fontOf(shape);
  return Math.ceil(pen.measureText(shape.text).width);
}

function rampShapes(app, x, y) {
  const { column, ramp } = app.colouring, [low, high] = column.range, step = RAMP.width / RAMP.steps;
  const boxes = Array.from({ length: RAMP.steps }, (_, k) => {
    const level = 3 * Math.round((255 * k) / (RAMP.steps - 1));
    return boxShape(x + k * step, y, step + 0.5, RAMP.height, `rgb(${ramp.subarray(level, level + 3)})`);
  });
  const ends = y + RAMP.height + 16;
  const last = textShape(app, shortNumber(high), x + RAMP.width, ends, { anchor: "middle" });
  const grey = [
    boxShape(x, ends + 8, RAMP.height, RAMP.height, app.theme.missing),
    textShape(app, column.greyText, x + FIGURE.marker, ends + 18),
  ];
  return [...boxes, textShape(app, shortNumber(low), x, ends), last, ...(column.greyText ? grey : [])];
}
