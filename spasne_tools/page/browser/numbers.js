// Numbers: how they read, and a little arithmetic.

function shortNumber(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2).replace("-", "−");
  return String(Number(value.toPrecision(size >= 100 ? Math.ceil(Math.log10(size + 1)) : 3))).replace("-", "−");
}

function count(number) {
  return number.toLocaleString("en-US");
}

function clamp(value, [least, most]) {
  return Math.min(most, Math.max(least, value));
}

function mix(from, to, share) {
  return from + (to - from) * share;
}

function distance([x, y], [u, v]) {
  return Math.hypot(x - u, y - v);
}

function dot([a, b, c], [x, y, z]) {
  return a * x + b * y + c * z;
}

/** Red, green and blue of #rrggbb. */
function rgb(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}
