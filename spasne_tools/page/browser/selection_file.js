// Selections as CSV: the row (from 0) and name of each point, and of named selections the name.

function saveSelection({ selection, description }) {
  downloadTable("selection.csv", ["row", "name"], [...selection.points()].map((point) => [point, description.name(point)]));
}

/** Those of {name, points}. */
function saveSelections(kept, description) {
  const rows = kept.flatMap(({ name, points }) => [...points].map((point) => [point, description.name(point), name]));
  downloadTable("selections.csv", ["row", "name", "selection"], rows);
}

/**
 * The selections of a table, by name ("" where it has none), and how many of its rows are of no point of the page.
 * Points are found by their names where both have some, else by their rows.
 */
function selectionsOf(text, { names }, n) {
  const rows = readTable(text), selections = new Map();
  if (!rows.length || !("row" in rows[0] || (names && "name" in rows[0]))) {
    throw new Error(`expected a first line with "row"${names ? ' or "name"' : ""}, and points below it`);
  }
  const places = names && "name" in rows[0] ? new Map(names.map((name, point) => [name, point])) : null;
  let unknown = 0;
  for (const { row, name, selection = "" } of rows) {
    const number = /^\d+$/.test(row) ? Number(row) : -1, sure = !places || names[number] === name;
    const point = sure ? number : places.get(name) ?? -1;
    if (point < 0 || point >= n) unknown++;
    else if (selections.has(selection)) selections.get(selection).push(point);
    else selections.set(selection, [point]);
  }
  return { selections, unknown };
}
