// The data of the page: a header in JSON, and blocks of zlib-compressed bytes in base64.

function readHeader() {
  return JSON.parse(at("header").textContent);
}

const blocksRead = new Map();

/** The bytes of a block, which columns may share: read once. */
function readBlock(number) {
  if (!blocksRead.has(number)) blocksRead.set(number, unpackBlock(number));
  return blocksRead.get(number);
}

/** Its element is removed, so that its text can be freed. */
async function unpackBlock(number) {
  const element = at(`block-${number}`);
  const text = atob(element.textContent);
  element.remove();
  const packed = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) packed[i] = text.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}
