// A column to colour by: classes, or numbers as codes from 0, the smallest, to `largest`.

const MISSING = 65535; // the code of a value or class that is missing
const MISSING_BYTE = 255; // the same in a sparse column

class Column {
  constructor(described, n) {
    Object.assign(this, described, { n, range: described.limits, codes: null, stored: null });
  }

  get isNumeric() {
    return !this.classes;
  }

  /** Its part of a block, at first use. What is sparse stays so. */
  read() {
    this.reading ??= readBlock(this.block).then((bytes) => {
      if (this.sparse) this.stored = new Uint8Array(bytes, this.start);
      else this.codes = new Uint16Array(bytes);
    });
    return this.reading;
  }

  /** Its codes, one a point. */
  async load() {
    await this.read();
    if (this.codes) return;
    const codes = new Uint16Array(this.n);
    this.eachStored((point, code) => (codes[point] = code));
    this.codes = codes;
  }

  /** Visit the points of a sparse column whose code is not 0: bits say which, their codes follow. */
  eachStored(visit) {
    const { stored, n } = this;
    let next = Math.ceil(n / 8);
    for (let byte = 0; 8 * byte < n; byte++) {
      for (let bits = stored[byte], point = 8 * byte; bits; bits >>= 1, point++) {
        if (!(bits & 1)) continue;
        const code = stored[next++];
        visit(point, code === MISSING_BYTE ? MISSING : code);
      }
    }
  }

  /** Visit the points whose code is not 0. */
  eachAboveLeast(visit) {
    if (this.sparse) this.eachStored(visit);
    else for (let i = 0; i < this.n; i++) if (this.codes[i]) visit(i, this.codes[i]);
  }

  value(code) {
    return this.low + (code * (this.high - this.low)) / this.largest;
  }

  /** Where a code lies between the ends of the colours, from 0 to 1. */
  level(code) {
    const [low, high] = this.range;
    return clamp((this.value(code) - low) / (high - low || 1), [0, 1]);
  }

  /** How a point's entry reads. */
  text(point) {
    const code = this.codes[point];
    if (code === MISSING) return "missing";
    return this.classes ? this.classes[code].name : shortNumber(this.value(code));
  }

  /** As in figures, cells without a gene are grey: the colours are kept for those that have it. */
  get zeroIsGrey() {
    return this.kind === "genes" && this.low === 0 && this.high > 0;
  }

  /** What is grey of a column of numbers, if anything is. */
  get greyText() {
    return [this.zeroIsGrey ? "0" : "", this.hasMissing ? "missing" : ""].filter(Boolean).join(", ");
  }

  get hasMissing() {
    return this.codes.includes(MISSING);
  }
}
