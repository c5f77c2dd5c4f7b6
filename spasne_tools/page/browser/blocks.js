"use strict";

// The data of the page: a header in JSON, and blocks of zlib-compressed bytes in base64.

const MISSING = 65535; // the 16-bit code of a value or class that is missing
const LARGEST_CODE = 65534;

function readHeader() {
  return JSON.parse(document.getElementById("header").textContent);
}

/** The bytes of a block; its element is removed, so that its text can be freed. */
async function readBlock(number) {
  const element = document.getElementById(`block-${number}`);
  const text = atob(element.textContent);
  element.remove();
  const packed = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) packed[i] = text.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

/** The codes of a column, decoded at first use. */
function columnCodes(column) {
  column.codes ??= readBlock(column.block).then((bytes) => (column.decoded = new Uint16Array(bytes)));
  return column.codes;
}

function columnValue(column, code) {
  return column.low + (code * (column.high - column.low)) / LARGEST_CODE;
}

/** How a point's entry in a decoded column reads. */
function columnText(column, point) {
  const code = column.decoded[point];
  if (code === MISSING) return "missing";
  return column.classes ? column.classes[code].name : shortNumber(columnValue(column, code));
}

function shortNumber(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2).replace("-", "−");
  return String(Number(value.toPrecision(size >= 100 ? Math.ceil(Math.log10(size + 1)) : 3))).replace("-", "−");
}

function count(number) {
  return number.toLocaleString("en-US");
}
