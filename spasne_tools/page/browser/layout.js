// An arrangement of the points: that of the tissue, or of a map. Its middle is 0, and 1 is the largest of its extents.

const LARGEST_CODE = 65534; // of an axis: its high end

class Layout {
  constructor({ name, axes }) {
    Object.assign(this, { name, axes });
  }

  get isSolid() {
    return this.axes.length === 3;
  }

  async load() {
    this.codes ??= await Promise.all(this.axes.map(async ({ block }) => new Uint16Array(await readBlock(block))));
  }

  /** The places of the points by two or three of the axes: {positions (x, y, z of each), extent, size (that of 1)}. */
  arrange(chosen) {
    const extents = chosen.map((axis) => this.axes[axis].extent), size = Math.max(...extents) || 1;
    const positions = new Float32Array(3 * this.codes[0].length);
    chosen.forEach((axis, part) => {
      const codes = this.codes[axis], whole = extents[part] / size;
      for (let i = 0; i < codes.length; i++) positions[3 * i + part] = whole * (codes[i] / LARGEST_CODE - 0.5);
    });
    const extent = chosen.length === 3 ? [1, 1, 1] : [...extents.map((part) => part / size), 0]; // room to turn
    return { positions, extent, size, solid: chosen.length === 3 };
  }
}
