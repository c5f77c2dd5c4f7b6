// Points drawn by the processor, pixel by pixel.

class PixelDrawing {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { willReadFrequently: true });
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
    const { width, height } = this.canvas, { ratio, across, down, away, ground } = frame;
    const { positions, colours, order, split } = this, paper = this.paper(frame), faded = [0, 0, 0];
    const stamps = [0, 1, 2, 3].map((marker) => markerStamp(marker, frame.size * ratio, frame.opacity));
    for (let k = 0; k < order.length; k++) {
      const i = order[k], stamp = stamps[colours[4 * i + 3]];
      const x = Math.floor(projected(across, positions, i) * ratio), y = Math.floor(projected(down, positions, i) * ratio);
      if (x < -stamp.half || y < -stamp.half || x >= width + stamp.half || y >= height + stamp.half) continue;
      const from = k < split ? frame.dim : colours, start = k < split ? 0 : 4 * i;
      if (away) {
        const share = fadedShare(projected(away, positions, i));
        for (let c = 0; c < 3; c++) faded[c] = mix(from[start + c], ground[c], share);
        blend(paper, stamp, x, y, faded, 0);
      } else blend(paper, stamp, x, y, from, start);
    }
    this.context.putImageData(paper, 0, 0);
  }

  /** What lies under the points: the ground, and on it the image. */
  paper({ ground: [r, g, b], image, ratio }) {
    const { width, height } = this.canvas, { context } = this;
    if (!image) {
      const paper = context.createImageData(width, height);
      new Uint32Array(paper.data.buffer).fill((255 << 24) | (b << 16) | (g << 8) | r);
      return paper;
    }
    context.globalAlpha = 1;
    context.fillStyle = `rgb(${r}, ${g}, ${b})`;
    context.fillRect(0, 0, width, height);
    context.globalAlpha = image.opacity;
    context.drawImage(image.bitmap, ratio * image.left, ratio * image.top, ratio * image.width, ratio * image.height);
    return context.getImageData(0, 0, width, height);
  }
}

/** The pixels that a marker covers around its own, and how much of each, of 256. */
function markerStamp(marker, diameter, opacity) {
  const half = Math.ceil(diameter / 2), dx = [], dy = [], covered = [];
  for (let y = -half; y <= half; y++) {
    for (let x = -half; x <= half; x++) {
      const radius = markerRadius(marker, (2 * x) / diameter, (2 * y) / diameter);
      const share = Math.min(1, 0.5 + ((1 - radius) * diameter) / 2);
      if (share <= 0) continue;
      dx.push(x);
      dy.push(y);
      covered.push(Math.round(256 * share * opacity));
    }
  }
  return { half, dx, dy, covered };
}

function blend(image, stamp, x, y, colours, start) {
  const { data, width, height } = image;
  for (let k = 0; k < stamp.dx.length; k++) {
    const px = x + stamp.dx[k], py = y + stamp.dy[k];
    if (px < 0 || py < 0 || px >= width || py >= height) continue;
    const pixel = 4 * (py * width + px), share = stamp.covered[k];
    for (let c = 0; c < 3; c++) data[pixel + c] += ((colours[start + c] - data[pixel + c]) * share) >> 8;
  }
}
