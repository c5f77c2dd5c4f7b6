// Crowded maps: how many points lie where, in the mean of their colours.

const DENSITY_CELL = 3; // CSS pixels along a side
const DENSITY_BLUR = 2; // cells on either side of a mean, taken three times: close to a normal distribution
const BACKGROUND_WEIGHT = 0.25; // of a point that is not in front

class DensityDrawing {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
  }

  /** The points, or nothing. */
  draw(frame, points) {
    this.canvas.hidden = !points;
    if (!points) return;
    const [width, height] = [frame.width, frame.height].map((side) => Math.ceil(side / DENSITY_CELL));
    const sums = densitySums(frame, points, width, height);
    for (let pass = 0; pass < 3; pass++) blurred(sums, width, height);
    Object.assign(this.canvas, { width, height });
    this.context.putImageData(densityImage(sums, width, height), 0, 0);
  }
}

/** Red, green, blue and 1 of each point, times its weight, summed over the cells. */
function densitySums(frame, { positions, colours, order, split }, width, height) {
  const sums = new Float32Array(4 * width * height);
  for (let k = 0; k < order.length; k++) {
    const i = order[k], x = Math.floor(projected(frame.across, positions, i) / DENSITY_CELL);
    const y = Math.floor(projected(frame.down, positions, i) / DENSITY_CELL);
    if (x < 0 || y < 0 || x >= width || y >= height) continue;
    const weight = k < split ? BACKGROUND_WEIGHT : 1, from = k < split ? frame.dim : colours, start = k < split ? 0 : 4 * i;
    const cell = 4 * (y * width + x);
    for (let c = 0; c < 3; c++) sums[cell + c] += weight * from[start + c];
    sums[cell + 3] += weight;
  }
  return sums;
}

/** Means over neighbours, along rows and then along columns, in place. */
function blurred(sums, width, height) {
  const line = new Float32Array(Math.max(width, height));
  for (let y = 0; y < height; y++) for (let c = 0; c < 4; c++) blurLine(sums, line, 4 * y * width + c, 4, width);
  for (let x = 0; x < width; x++) for (let c = 0; c < 4; c++) blurLine(sums, line, 4 * x + c, 4 * width, height);
}

function blurLine(sums, line, start, step, length) {
  const reach = DENSITY_BLUR;
  let sum = 0;
  for (let k = 0; k < length; k++) line[k] = sums[start + k * step];
  for (let k = 0; k < Math.min(reach, length); k++) sum += line[k];
  for (let k = 0; k < length; k++) {
    if (k + reach < length) sum += line[k + reach];
    if (k - reach > 0) sum -= line[k - reach - 1];
    sums[start + k * step] = sum / (2 * reach + 1);
  }
}

/** Opaque where many points are: where a cell holds the mean of those that hold any, two thirds. */
function densityImage(sums, width, height) {
  const image = new ImageData(width, height);
  let whole = 0, held = 0;
  for (let cell = 3; cell < sums.length; cell += 4) {
    whole += sums[cell];
    if (sums[cell] > 1e-3) held++;
  }
  for (let cell = 0; cell < sums.length; cell += 4) {
    const weight = sums[cell + 3];
    if (weight <= 1e-6) continue;
    for (let c = 0; c < 3; c++) image.data[cell + c] = sums[cell + c] / weight;
    image.data[cell + 3] = 255 * (1 - Math.exp((-1.1 * weight * held) / whole));
  }
  return image;
}
