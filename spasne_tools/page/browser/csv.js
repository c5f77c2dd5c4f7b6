// Comma-separated values, as RFC 4180 has them.

function downloadTable(name, header, rows) {
  const lines = [header, ...rows].map((row) => row.map((field) => quoted(String(field))).join(","));
  download(name, new Blob([lines.join("\r\n") + "\r\n"], { type: "text/csv;charset=utf-8" }));
}

function quoted(text) {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows as objects by the names of the first line. */
function readTable(text) {
  const [header, ...rows] = fieldsOf(text);
  return rows.map((row) => Object.fromEntries(header.map((name, place) => [name.trim(), row[place]])));
}

/** The fields of each line that has any. */
function fieldsOf(text) {
  const rows = [[]];
  for (const [whole, inQuotes, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/g)) {
    if (!whole) break; // the end of the text
    rows.at(-1).push(inQuotes === undefined ? plain : inQuotes.replaceAll('""', '"'));
    if (end !== ",") rows.push([]);
  }
  return rows.filter((row) => row.length > 1 || row[0]);
}
