// The legend: classes that can be hidden and looked at one by one, or the scale of numbers.

class Legend {
  constructor(app) {
    Object.assign(this, { app, content: at("legend-content"), entries: [], buttons: [], scale: null });
    app.signals.on("column", (column) => this.show(column));
    for (const change of ["colours", "selection"]) app.signals.on(change, () => this.update());
    app.signals.on("hover", (point) => this.scale?.point(point));
  }

  /** Build it for the column in use, or for none. */
  show(column) {
    at("legend-title").textContent = column?.name ?? "Colour";
    Object.assign(this, { entries: [], buttons: [], scale: null });
    this.shares = column?.classes ? this.app.reliability.sharesKept(column) : null;
    if (!column) this.content.replaceChildren(element("p", "hint", "There are no labels to colour by."));
    else if (column.classes) this.content.replaceChildren(...this.classes(column));
    else this.content.replaceChildren(...(this.scale = new ColourScale(this.app, column)).elements);
    this.update();
  }

  classes(column) {
    const tools = element("div", "legend-tools"), list = element("ul", "classes"), { foreground } = this.app;
    tools.append(
      button("Show all", () => foreground.hideAll([])),
      button("Hide all", () => foreground.hideAll(this.entries.map(([, code]) => code))),
    );
    this.entries = column.classes.map((look, code) => [look, code]);
    if (column.hasMissing) this.entries.push([{ name: "missing", marker: 0 }, MISSING]);
    for (const [look, code] of this.entries) list.append(this.entry(look, code));
    list.addEventListener("keydown", (event) => this.move(event));
    if (this.buttons.length) this.buttons[0].tabIndex = 0;
    const hint = "Point at a class to see it alone. Click hides or shows it, Shift + click selects it.";
    return [tools, list, element("p", "hint", hint)];
  }

  entry(look, code) {
    const { foreground, selection } = this.app, item = element("li", "");
    const made = button("", (event) => {
      if (event.shiftKey) selection.change(foreground.pointsOf(code), "add");
      else foreground.hide(code, !foreground.hidden.has(code));
    });
    made.tabIndex = -1; // arrows move between entries
    made.append(markerImage(look.marker), element("span", "name", look.name), element("span", "share"), element("span", "count"));
    for (const [start, end] of [["pointerenter", "pointerleave"], ["focus", "blur"]]) {
      made.addEventListener(start, () => (start !== "focus" || made.matches(":focus-visible")) && foreground.spotlight(code));
      made.addEventListener(end, () => foreground.spotlight(null));
    }
    this.buttons.push(made);
    item.append(made);
    return item;
  }

  move(event) {
    const from = this.buttons.indexOf(document.activeElement), last = this.buttons.length - 1;
    const to = { ArrowDown: Math.min(last, from + 1), ArrowUp: Math.max(0, from - 1), Home: 0, End: last }[event.key];
    if (from < 0 || to === undefined) return;
    event.preventDefault();
    this.buttons[from].tabIndex = -1;
    this.buttons[to].tabIndex = 0;
    this.buttons[to].focus();
  }

  /** Colours, counts and what is hidden, after any of them changed. */
  update() {
    this.scale?.update();
    if (!this.entries.length) return;
    const { foreground, selection, theme } = this.app, [all, selected] = this.counts();
    this.entries.forEach(([look, code], place) => {
      const made = this.buttons[place], total = count(all[code]);
      made.setAttribute("aria-pressed", !foreground.hidden.has(code));
      made.querySelector("svg").style.fill = code === MISSING ? theme.missing : look[theme.name];
      if (this.shares) made.querySelector(".share").textContent = all[code] ? `${Math.round(100 * this.shares[code])} % kept` : "";
      made.querySelector(".count").textContent = selection.size ? `${count(selected[code])} / ${total}` : total;
    });
  }

  /** Points, and selected points, by code. */
  counts() {
    const { selection, colouring, n } = this.app, { codes } = colouring.column;
    const all = new Uint32Array(MISSING + 1), selected = new Uint32Array(MISSING + 1);
    for (let i = 0; i < n; i++) {
      all[codes[i]]++;
      selected[codes[i]] += selection.mask[i];
    }
    return [all, selected];
  }
}
