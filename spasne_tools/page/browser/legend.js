// The legend: classes that can be hidden and looked at one by one, or a scale of colours.

const MARKER_PATHS = [
  "M6.5 0.5a6 6 0 1 1 0 12a6 6 0 1 1 0-12z",
  "M6.5 0.5L12.7 11.5H0.3z",
  "M1.2 1.2h10.6v10.6H1.2z",
  "M6.5 -0.5L13.5 6.5L6.5 13.5L-0.5 6.5z",
];

class Legend {
  constructor(app) {
    this.app = app;
    this.title = document.getElementById("legend-title");
    this.content = document.getElementById("legend-content");
  }

  /** Build it for the column in use, or for none. */
  show(column) {
    this.title.textContent = column?.name ?? "Colour";
    this.buttons = [];
    this.pointer = null;
    if (!column) this.content.replaceChildren(element("p", "hint", "There are no labels to colour by."));
    else if (column.classes) this.content.replaceChildren(...this.classes(column));
    else this.content.replaceChildren(...this.scale(column));
    this.update();
  }

  // ---- classes ----

  classes(column) {
    const tools = element("div", "legend-tools"), list = element("ul", "classes");
    for (const [text, hidden] of [["Show all", false], ["Hide all", true]]) {
      const button = element("button", "", text);
      button.type = "button";
      button.addEventListener("click", () => this.app.hideAll(hidden));
      tools.append(button);
    }
    this.entries = column.classes.map((look, code) => [look, code]);
    if (column.decoded.includes(MISSING)) this.entries.push([{ name: "missing", marker: 0 }, MISSING]);
    for (const [look, code] of this.entries) list.append(this.entry(look, code));
    list.addEventListener("keydown", (event) => this.move(event));
    if (this.buttons.length) this.buttons[0].tabIndex = 0;
    const hint = "Point at a class to see it alone. Click hides or shows it, Shift + click selects it.";
    return [tools, list, element("p", "hint", hint)];
  }

  entry(look, code) {
    const item = element("li", ""), button = element("button", "");
    button.type = "button";
    button.tabIndex = -1; // arrows move between entries
    button.append(markerImage(look.marker), element("span", "name", look.name), element("span", "count"));
    button.addEventListener("click", (event) => {
      if (event.shiftKey) this.app.select(this.app.pointsOf(code), "add");
      else this.app.hide(code, !this.app.hidden.has(code));
    });
    for (const [start, end] of [["pointerenter", "pointerleave"], ["focus", "blur"]]) {
      button.addEventListener(start, () => (start !== "focus" || button.matches(":focus-visible")) && this.app.spotlight(code));
      button.addEventListener(end, () => this.app.spotlight(null));
    }
    this.buttons.push(button);
    item.append(button);
    return item;
  }

  move(event) {
    const at = this.buttons.indexOf(document.activeElement), last = this.buttons.length - 1;
    const to = { ArrowDown: Math.min(last, at + 1), ArrowUp: Math.max(0, at - 1), Home: 0, End: last }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    this.buttons[at].tabIndex = -1;
    this.buttons[to].tabIndex = 0;
    this.buttons[to].focus();
  }

  // ---- scale ----

  scale(column) {
    const frame = element("div", "scale"), canvas = element("canvas", ""), ends = element("div", "ends");
    canvas.width = 256;
    canvas.height = 1;
    const image = new ImageData(256, 1), { ramp } = this.app;
    for (let k = 0; k < 256; k++) image.data.set([ramp[3 * k], ramp[3 * k + 1], ramp[3 * k + 2], 255], 4 * k);
    canvas.getContext("2d").putImageData(image, 0, 0);
    canvas.setAttribute("role", "img");
    const [low, high] = column.limits;
    canvas.setAttribute("aria-label", `colours from ${shortNumber(low)} to ${shortNumber(high)}`);
    this.pointer = element("i", "");
    this.pointer.hidden = true;
    frame.append(canvas, this.pointer);
    const mark = (value, least) => (least ? "≤ " : "≥ ") + shortNumber(value);
    ends.append(
      element("span", "", column.low < low ? mark(low, true) : shortNumber(low)),
      element("span", "", column.high > high ? mark(high, false) : shortNumber(high)),
    );
    if (!column.decoded.includes(MISSING)) return [frame, ends];
    const absent = element("div", "absent");
    absent.append(element("i", ""), element("span", "", "missing"));
    return [frame, ends, absent];
  }

  /** Where the value of a point lies on the scale. */
  point(column, point) {
    if (!this.pointer) return;
    const code = point < 0 ? MISSING : column.decoded[point];
    this.pointer.hidden = code === MISSING;
    if (code === MISSING) return;
    const [low, high] = column.limits;
    this.pointer.style.left = `${100 * clamp((columnValue(column, code) - low) / (high - low), [0, 1])}%`;
  }

  /** Colours, counts and what is hidden, after any of them changed. */
  update() {
    const { app } = this, absent = this.content.querySelector(".absent i");
    if (absent) absent.style.background = app.missing;
    if (this.buttons.length === 0) return;
    const [all, selected] = app.classCounts();
    this.buttons.forEach((button, place) => {
      const [look, code] = this.entries[place];
      button.setAttribute("aria-pressed", String(!app.hidden.has(code)));
      button.querySelector("svg").style.fill = code === MISSING ? app.missing : look[app.theme];
      const total = count(all[code]);
      button.querySelector(".count").textContent = app.selected ? `${count(selected[code])} / ${total}` : total;
    });
  }
}

function markerImage(marker) {
  const image = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  image.setAttribute("viewBox", "0 0 13 13");
  image.setAttribute("aria-hidden", "true");
  path.setAttribute("d", MARKER_PATHS[marker]);
  image.append(path);
  return image;
}

/** An element with a class and text; never HTML. */
function element(tag, name, text = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.textContent = text;
  return made;
}
