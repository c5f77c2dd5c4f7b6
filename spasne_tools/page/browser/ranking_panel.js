// The section of the page on what marks the selection: made while it is open.

const RANKED_SHOWN = 15;
const RANKING_WAIT = 150; // milliseconds after a change of the selection

class RankingPanel {
  constructor(app) {
    Object.assign(this, { app, section: at("ranking"), table: at("ranked"), ranked: [], run: 0 });
    this.genes = app.columns.filter((column) => column.kind === "genes");
    this.section.hidden = this.genes.length === 0;
    this.section.addEventListener("toggle", () => {
      this.isNew = this.section.open;
      this.rankSoon();
    });
    app.signals.on("selection", () => this.rankSoon());
    for (const radio of document.getElementsByName("ranked")) {
      radio.checked = radio.value === "higher";
      radio.addEventListener("change", () => this.show());
    }
    at("save-ranking").addEventListener("click", () => this.save());
  }

  /** What was ranked is no longer true. */
  rankSoon() {
    this.run++;
    this.ranked = [];
    this.show("");
    clearTimeout(this.timer);
    if (this.section.open) this.timer = setTimeout(() => this.rank(this.run), RANKING_WAIT);
  }

  async rank(run) {
    const { selection, n } = this.app;
    if (Math.min(selection.size, n - selection.size) < FEWEST_RANKED) {
      this.show(`Select ${FEWEST_RANKED} points or more, but not all.`);
      return;
    }
    this.show(`Comparing ${count(this.genes.length)} genes …`);
    const ranked = await rankGenes(this.genes, selection.mask, () => run === this.run);
    if (!ranked) return;
    this.ranked = ranked;
    this.show(`${count(ranked.length)} genes, by Welch's t of ${count(selection.size)} points against ${count(n - selection.size)}.`);
    if (this.isNew) this.section.scrollIntoView({ block: "nearest" });
    this.isNew = false;
  }

  show(told = at("ranking-told").textContent) {
    const higher = document.querySelector("[name=ranked]:checked").value === "higher";
    const found = this.ranked.filter(({ t }) => (higher ? t > 0 : t < 0));
    const shown = (higher ? found : found.reverse()).slice(0, RANKED_SHOWN);
    at("ranking-told").textContent = told;
    at("save-ranking").disabled = this.ranked.length === 0;
    this.table.hidden = this.ranked.length === 0;
    this.table.tBodies[0].replaceChildren(...shown.map((entry) => this.row(entry)));
  }

  /** Its name, which colours by it, and its means. */
  row({ column, selected, rest, selectedShare, restShare }) {
    const row = element("tr", ""), name = element("th", "");
    name.scope = "row";
    name.append(button(column.name, () => this.app.controls.colourBy(column)));
    const cell = (mean, share) => {
      const made = element("td", "", shortNumber(mean));
      made.title = `${Math.round(100 * share)} % of points above the smallest value`;
      return made;
    };
    row.append(name, cell(selected, selectedShare), cell(rest, restShare));
    return row;
  }

  save() {
    const rows = this.ranked.map((entry) => [
      entry.column.name, entry.t, entry.selected, entry.rest, entry.selectedShare, entry.restShare,
    ]);
    downloadTable("genes.csv", ["gene", "t", "mean_selected", "mean_rest", "share_selected", "share_rest"], rows);
  }
}
