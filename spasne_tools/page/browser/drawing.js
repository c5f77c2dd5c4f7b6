// Two ways to draw the same points: WebGL, and pixel by pixel where the browser has none or emulates it on the processor,
// which takes several times as long.
//
// A frame is {width, height, ratio} of the panel (CSS pixels, device pixels per CSS pixel), {ax, bx, ay, by} by which a
// code becomes a position in CSS pixels, the diameter `size` in CSS pixels, and `ground` and `dim`, colours [r, g, b].
// Points are drawn in the order of `order`; those before `split` are in the background, in the colour `dim`.
// Colours are 4 bytes a point: red, green, blue and the marker (0 circle, 1 triangle, 2 square, 3 diamond).

const VERTEX_SHADER = `#version 300 es
in vec2 code;
in vec4 look;
uniform vec4 place; // ax, bx, ay, by
uniform vec3 panel; // width, height, diameter in device pixels
out vec3 colour;
flat out int marker;
void main() {
  vec2 at = (code * place.xz + place.yw) / panel.xy;
  gl_Position = vec4(2.0 * at.x - 1.0, 1.0 - 2.0 * at.y, 0.0, 1.0);
  gl_PointSize = panel.z + 1.0;
  colour = look.rgb;
  marker = int(look.a * 255.0 + 0.5);
}`;

// Markers of about the same area; `radius` is 1 at the edge. Half a pixel on either side of it is blended.
const FRAGMENT_SHADER = `#version 300 es
precision highp float;
in vec3 colour;
flat in int marker;
uniform vec4 dim; // colour, and whether it is used
uniform float diameter; // device pixels
out vec4 drawn;
void main() {
  vec2 p = (2.0 * gl_PointCoord - 1.0) * (diameter + 1.0) / diameter;
  vec2 a = abs(p);
  float radius = length(p);
  if (marker == 1) radius = max(1.73 * a.x - p.y, 2.0 * p.y) / 1.16;
  if (marker == 2) radius = max(a.x, a.y) / 0.88;
  if (marker == 3) radius = (a.x + a.y) / 1.18;
  float covered = clamp(0.5 + (1.0 - radius) * diameter / 2.0, 0.0, 1.0);
  drawn = vec4(mix(colour, dim.rgb, dim.a), covered);
}`;

function markerRadius(marker, x, y) {
  const a = Math.abs(x), b = Math.abs(y);
  if (marker === 1) return Math.max(1.73 * a - y, 2 * y) / 1.16;
  if (marker === 2) return Math.max(a, b) / 0.88;
  if (marker === 3) return (a + b) / 1.18;
  return Math.hypot(x, y);
}

class WebglDrawing {
  constructor(canvas, context) {
    this.canvas = canvas;
    this.gl = context;
    this.kept = {}; // what was last sent, to be sent again should the context be lost
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => this.restore());
    this.prepare();
  }

  prepare() {
    const gl = this.gl, program = gl.createProgram();
    for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX_SHADER], [gl.FRAGMENT_SHADER, FRAGMENT_SHADER]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.bindAttribLocation(program, 0, "code");
    gl.bindAttribLocation(program, 1, "look");
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(gl.getProgramInfoLog(program));
    }
    gl.useProgram(program);
    this.uniforms = {};
    for (const name of ["place", "panel", "dim", "diameter"]) this.uniforms[name] = gl.getUniformLocation(program, name);
    this.buffers = { positions: gl.createBuffer(), colours: gl.createBuffer(), order: gl.createBuffer() };
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
  }

  restore() {
    this.prepare();
    const { positions, colours, order, split, frame } = this.kept;
    this.setPositions(positions);
    this.setColours(colours);
    this.setOrder(order, split);
    this.draw(frame);
  }

  setPositions(positions) {
    const gl = this.gl;
    this.kept.positions = positions;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.positions);
    gl.bufferData(gl.ARRAY_BUFFER, positions, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.UNSIGNED_SHORT, false, 0, 0);
  }

  setColours(colours) {
    const gl = this.gl;
    this.kept.colours = colours;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.colours);
    gl.bufferData(gl.ARRAY_BUFFER, colours, gl.DYNAMIC_DRAW);
    gl.enableVertexAttribArray(1);
    gl.vertexAttribPointer(1, 4, gl.UNSIGNED_BYTE, true, 0, 0);
  }

  setOrder(order, split) {
    const gl = this.gl;
    Object.assign(this.kept, { order, split });
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.buffers.order);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, order, gl.DYNAMIC_DRAW);
  }

  draw(frame) {
    const gl = this.gl, { uniforms } = this, { order, split } = this.kept;
    this.kept.frame = frame;
    const diameter = Math.min(frame.size * frame.ratio, gl.getParameter(gl.ALIASED_POINT_SIZE_RANGE)[1] - 1);
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(...frame.ground.map((part) => part / 255), 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform4f(uniforms.place, frame.ax, frame.bx, frame.ay, frame.by);
    gl.uniform3f(uniforms.panel, frame.width, frame.height, diameter);
    gl.uniform1f(uniforms.diameter, diameter);
    gl.uniform4f(uniforms.dim, ...frame.dim.map((part) => part / 255), 1);
    gl.drawElements(gl.POINTS, split, gl.UNSIGNED_INT, 0);
    gl.uniform4f(uniforms.dim, 0, 0, 0, 0);
    gl.drawElements(gl.POINTS, order.length - split, gl.UNSIGNED_INT, 4 * split);
  }
}

class PixelDrawing {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
  }

  setPositions(positions) {
    this.positions = positions;
  }

  setColours(colours) {
    this.colours = colours;
  }

  setOrder(order, split) {
    this.order = order;
    this.split = split;
  }

  draw(frame) {
    const { width, height } = this.canvas;
    const image = this.context.createImageData(width, height);
    const [r, g, b] = frame.ground;
    new Uint32Array(image.data.buffer).fill((255 << 24) | (b << 16) | (g << 8) | r);
    const stamps = [0, 1, 2, 3].map((marker) => markerStamp(marker, frame.size * frame.ratio));
    const { positions, colours, order, split } = this;
    for (let k = 0; k < order.length; k++) {
      const i = order[k];
      const x = Math.floor((positions[2 * i] * frame.ax + frame.bx) * frame.ratio);
      const y = Math.floor((positions[2 * i + 1] * frame.ay + frame.by) * frame.ratio);
      const stamp = stamps[colours[4 * i + 3]];
      if (x < -stamp.half || y < -stamp.half || x >= width + stamp.half || y >= height + stamp.half) continue;
      if (k < split) blend(image, stamp, x, y, frame.dim, 0);
      else blend(image, stamp, x, y, colours, 4 * i);
    }
    this.context.putImageData(image, 0, 0);
  }
}

/** The pixels that a marker covers around its own, and how much of each, of 256. */
function markerStamp(marker, diameter) {
  const half = Math.ceil(diameter / 2), dx = [], dy = [], covered = [];
  for (let y = -half; y <= half; y++) {
    for (let x = -half; x <= half; x++) {
      const radius = markerRadius(marker, (2 * x) / diameter, (2 * y) / diameter);
      const share = Math.min(1, 0.5 + ((1 - radius) * diameter) / 2);
      if (share <= 0) continue;
      dx.push(x);
      dy.push(y);
      covered.push(Math.round(256 * share));
    }
  }
  return { half, dx, dy, covered };
}

function blend(image, stamp, x, y, colours, at) {
  const { data, width, height } = image;
  for (let k = 0; k < stamp.dx.length; k++) {
    const px = x + stamp.dx[k], py = y + stamp.dy[k];
    if (px < 0 || py < 0 || px >= width || py >= height) continue;
    const pixel = 4 * (py * width + px), share = stamp.covered[k];
    for (let c = 0; c < 3; c++) data[pixel + c] += ((colours[at + c] - data[pixel + c]) * share) >> 8;
  }
}

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
