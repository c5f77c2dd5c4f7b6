// The shapes of markers, all of about the same area: circle, triangle, square, diamond.

/** In a square from -1 to 1, as SVG has it. */
const MARKER_PATHS = [
  "M0-1A1 1 0 1 1 0 1A1 1 0 1 1 0-1Z",
  "M0-1.16L1.005.58H-1.005Z",
  "M-.88-.88H.88V.88H-.88Z",
  "M0-1.18L1.18 0L0 1.18L-1.18 0Z",
];

/** 1 at the edge of a marker, less inside. As in the shader of webgl.js. */
function markerRadius(marker, x, y) {
  const a = Math.abs(x), b = Math.abs(y);
  if (marker === 1) return Math.max(1.73 * a - y, 2 * y) / 1.16;
  if (marker === 2) return Math.max(a, b) / 0.88;
  if (marker === 3) return (a + b) / 1.18;
  return Math.hypot(x, y);
}

function markerImage(marker) {
  const image = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  image.setAttribute("viewBox", "-1.1 -1.1 2.2 2.2");
  image.setAttribute("aria-hidden", "true");
  path.setAttribute("d", MARKER_PATHS[marker]);
  image.append(path);
  return image;
}
