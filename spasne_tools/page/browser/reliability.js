// How far points can be trusted: those below a slider are hidden, and legends name the share of a class that is kept.

class Reliability {
  constructor(app) {
    const { numbers, verdicts } = app.header.reliability;
    Object.assign(this, { app, numbers: app.columns[numbers], verdicts: app.columns[verdicts], least: 0 });
  }

  async start() {
    await Promise.all([this.numbers?.load(), this.verdicts?.load()]);
    const input = at("least");
    input.parentElement.hidden = !this.numbers;
    if (!this.numbers) return;
    input.addEventListener("input", () => this.hideBelow(Number(input.value)));
    this.hideBelow(Number(input.value)); // browsers keep it when the page is loaded again
  }

  hideBelow(least) {
    this.least = least;
    let hidden = 0;
    for (let i = 0; i < this.app.n; i++) if (!this.allows(i)) hidden++;
    const told = least > 0 ? `${least.toFixed(2)}, hides ${count(hidden)}` : "nothing";
    at("least-told").textContent = told;
    at("least").setAttribute("aria-valuetext", told);
    this.app.foreground.afterHiding();
  }

  /** What has no number is not above any. */
  allows(point) {
    if (this.least === 0) return true;
    const code = this.numbers.codes[point];
    return code !== MISSING && this.numbers.value(code) >= this.least;
  }

  /** The share of points with the verdict "kept" by the codes of another column; null where there are no verdicts. */
  sharesKept({ codes }) {
    const { verdicts } = this;
    if (!verdicts || codes === verdicts.codes) return null;
    const good = verdicts.classes.findIndex(({ name }) => name === "kept");
    const all = new Uint32Array(MISSING + 1), kept = new Float64Array(MISSING + 1);
    for (let i = 0; i < this.app.n; i++) {
      all[codes[i]]++;
      if (verdicts.codes[i] === good) kept[codes[i]]++;
    }
    return kept.map((number, code) => number / all[code]);
  }
}
