// Points drawn by the graphics card.

const POINT_VERTICES = `#version 300 es
in vec3 place;
in vec4 look;
uniform vec4 across, down, away;
uniform float fade;
uniform vec3 panel; // width, height, diameter in device pixels
out vec3 colour;
out float faded;
flat out int marker;
void main() {
  vec4 p = vec4(place, 1.0);
  vec2 at = vec2(dot(across, p), dot(down, p)) / panel.xy;
  gl_Position = vec4(2.0 * at.x - 1.0, 1.0 - 2.0 * at.y, 0.0, 1.0);
  gl_PointSize = panel.z + 1.0;
  colour = look.rgb;
  faded = fade * clamp(2.0 * dot(away, p) - 1.0, 0.0, 1.0); // as fadedShare of camera.js
  marker = int(look.a * 255.0 + 0.5);
}`;

// `radius` is 1 at the edge of a marker, as in markers.js. Half a pixel on either side of it is blended.
const POINT_FRAGMENTS = `#version 300 es
precision highp float;
in vec3 colour;
in float faded;
flat in int marker;
uniform vec4 dim; // colour, and whether it is used
uniform vec3 ground;
uniform float opacity;
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
  drawn = vec4(mix(mix(colour, dim.rgb, dim.a), ground, faded), covered * opacity);
}`;
const POINT_UNIFORMS = ["across", "down", "away", "panel", "dim", "ground", "fade", "opacity", "diameter"];

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
    const { gl } = this;
    this.points = webglProgram(gl, [POINT_VERTICES, POINT_FRAGMENTS], POINT_UNIFORMS, ["place", "look"]);
    this.image = new WebglImage(gl);
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
    const { gl } = this;
    this.kept.positions = positions;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.positions);
    gl.bufferData(gl.ARRAY_BUFFER, positions, gl.DYNAMIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 3, gl.FLOAT, false, 0, 0);
  }

  setColours(colours) {
    const { gl } = this;
    this.kept.colours = colours;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.colours);
    gl.bufferData(gl.ARRAY_BUFFER, colours, gl.DYNAMIC_DRAW);
    gl.enableVertexAttribArray(1);
    gl.vertexAttribPointer(1, 4, gl.UNSIGNED_BYTE, true, 0, 0);
  }

  setOrder(order, split) {
    const { gl } = this;
    Object.assign(this.kept, { order, split });
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.buffers.order);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, order, gl.DYNAMIC_DRAW);
  }

  draw(frame) {
    const { gl } = this, ground = frame.ground.map((part) => part / 255);
    this.kept.frame = frame;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(...ground, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (frame.image) this.image.draw(frame);
    this.drawPoints(frame, ground);
  }

  drawPoints(frame, ground) {
    const { gl } = this, { program, uniforms } = this.points, { order, split } = this.kept;
    const diameter = Math.min(frame.size * frame.ratio, gl.getParameter(gl.ALIASED_POINT_SIZE_RANGE)[1] - 1);
    gl.useProgram(program);
    gl.uniform4f(uniforms.across, ...frame.across);
    gl.uniform4f(uniforms.down, ...frame.down);
    gl.uniform4f(uniforms.away, ...(frame.away ?? [0, 0, 0, 0]));
    gl.uniform3f(uniforms.panel, frame.width, frame.height, diameter);
    gl.uniform3f(uniforms.ground, ...ground);
    gl.uniform1f(uniforms.fade, FADE);
    gl.uniform1f(uniforms.opacity, frame.opacity);
    gl.uniform1f(uniforms.diameter, diameter);
    gl.uniform4f(uniforms.dim, ...frame.dim.map((part) => part / 255), 1);
    gl.drawElements(gl.POINTS, split, gl.UNSIGNED_INT, 0);
    gl.uniform4f(uniforms.dim, 0, 0, 0, 0);
    gl.drawElements(gl.POINTS, order.length - split, gl.UNSIGNED_INT, 4 * split);
  }
}

/** A program of two shaders, and where its uniforms are. Attributes are numbered as they are named. */
function webglProgram(gl, [vertices, fragments], uniformNames, attributes) {
  const program = gl.createProgram(), uniforms = {};
  for (const [type, source] of [[gl.VERTEX_SHADER, vertices], [gl.FRAGMENT_SHADER, fragments]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  attributes.forEach((name, place) => gl.bindAttribLocation(program, place, name));
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(gl.getProgramInfoLog(program));
  }
  for (const name of uniformNames) uniforms[name] = gl.getUniformLocation(program, name);
  return { program, uniforms };
}
