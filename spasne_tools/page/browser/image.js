// The image of the tissue under its spots.

/** The bitmap, and in units of the layout where it begins and how large it is. */
async function loadImage({ block, width, height }, layout) {
  const [x, y] = layout.axes, { size } = layout.arrange([0, 1]);
  const bitmap = await createImageBitmap(new Blob([await readBlock(block)], { type: "image/jpeg" }));
  const from = [x, y].map(({ low, extent }) => (-low - extent / 2) / size); // its corner is 0 of the positions
  return { bitmap, from, size: [width / size, height / size] };
}
