// The tissue's image, drawn by the graphics card under the points.

const IMAGE_VERTICES = `#version 300 es
uniform vec4 box; // left, top, width, height as shares of the panel
out vec2 at;
void main() {
  at = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  vec2 place = box.xy + box.zw * at;
  gl_Position = vec4(2.0 * place.x - 1.0, 1.0 - 2.0 * place.y, 0.0, 1.0);
}`;

const IMAGE_FRAGMENTS = `#version 300 es
precision highp float;
in vec2 at;
uniform sampler2D image;
uniform float opacity;
out vec4 drawn;
void main() {
  drawn = vec4(texture(image, at).rgb, opacity);
}`;

class WebglImage {
  constructor(gl) {
    this.gl = gl;
    Object.assign(this, webglProgram(gl, [IMAGE_VERTICES, IMAGE_FRAGMENTS], ["box", "opacity"], []));
  }

  /** Send it to the card, once. */
  load(bitmap) {
    const { gl } = this;
    this.texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
  }

  draw({ image, width, height }) {
    const { gl, uniforms } = this;
    if (!this.texture) this.load(image.bitmap);
    gl.useProgram(this.program);
    gl.uniform4f(uniforms.box, image.left / width, image.top / height, image.width / width, image.height / height);
    gl.uniform1f(uniforms.opacity, image.opacity);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }
}
