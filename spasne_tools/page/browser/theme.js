// Light or dark: the system's choice, until the reader makes one.

class Theme {
  constructor(signals, missing) {
    Object.assign(this, { signals, lightMissing: missing, chosen: null });
    this.system = window.matchMedia("(prefers-color-scheme: dark)");
    this.system.addEventListener("change", () => this.use(this.wanted()));
    at("theme").addEventListener("click", () => {
      this.chosen = this.name === "dark" ? "light" : "dark";
      this.use(this.chosen);
    });
    this.use(this.wanted());
  }

  wanted() {
    return this.chosen ?? (this.system.matches ? "dark" : "light");
  }

  use(name) {
    this.name = name;
    const other = name === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = name;
    at("theme").textContent = name === "dark" ? "Light" : "Dark";
    at("theme").setAttribute("aria-label", `Switch to ${other} colours`);
    this.readColours();
    this.signals.tell("theme");
  }

  /** Those of the style that scripts draw with. */
  readColours() {
    const style = getComputedStyle(document.documentElement), colour = (part) => style.getPropertyValue(part).trim();
    for (const part of ["ground", "dim", "mark"]) this[part] = rgb(colour(`--${part}`));
    this.ink = colour("--ink");
    this.accent = colour("--accent");
    this.missing = colour("--missing-dark") || this.lightMissing;
  }
}
