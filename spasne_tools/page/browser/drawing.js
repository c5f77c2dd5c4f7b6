// Two ways to draw the same points: WebGL, and pixel by pixel where the browser has none or emulates it on the processor,
// which takes several times as long.
//
// A frame is {width, height, ratio} of the panel (CSS pixels, device pixels per CSS pixel), {across, down, away} by which a
// place becomes CSS pixels and, of solids only, a distance (camera.js), the diameter `size` in CSS pixels, `opacity`, `ground`
// and `dim`, colours [r, g, b], and `image`, null or {bitmap, left, top, width, height (CSS pixels), opacity}.
// Points are drawn in the order of `order`; those before `split` are in the background, in the colour `dim`.
// Colours are 4 bytes a point: red, green, blue and the marker (markers.js).

function drawingFor(canvas) {
  if (!hasGraphicsCard()) return new PixelDrawing(canvas);
  // Kept after drawing, so that saving the canvas as an image works at any time.
  return new WebglDrawing(canvas, canvas.getContext("webgl2", { alpha: false, antialias: false, preserveDrawingBuffer: true }));
}

/** Whether there is WebGL, by other means than a program on the processor. */
function hasGraphicsCard() {
  const context = document.createElement("canvas").getContext("webgl2");
  if (!context) return false;
  const described = context.getExtension("WEBGL_debug_renderer_info");
  const renderer = context.getParameter(described ? described.UNMASKED_RENDERER_WEBGL : context.RENDERER);
  context.getExtension("WEBGL_lose_context")?.loseContext(); // browsers allow few at a time
  return !/swiftshader|llvmpipe|softpipe|basic render/i.test(renderer);
}
