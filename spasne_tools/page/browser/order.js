// Orders of points to be drawn in.

/** 0 to n - 1 in an order that looks random and is the same each time (Fisher and Yates; Park and Miller's generator). */
function shuffledOrder(n) {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  let state = 1;
  for (let i = n - 1; i > 0; i--) {
    state = (state * 48271) % 2147483647;
    const j = state % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Points by rising code, missing ones first, else in the order given: high values must not be hidden. */
function byValue(codes, order) {
  return sortedBy(order, MISSING + 1, (point) => (codes[point] + 1) & MISSING);
}

const DEPTHS = 1024;

/** Points from far to near, `away` giving 0 for the nearest and 1 for the farthest; those before `split` stay there. */
function byDepth({ order, split }, away) {
  const rank = (point) => Math.round((1 - Math.min(1, Math.max(0, away(point)))) * (DEPTHS - 1));
  const sorted = new Uint32Array(order.length);
  sorted.set(sortedBy(order.subarray(0, split), DEPTHS, rank));
  sorted.set(sortedBy(order.subarray(split), DEPTHS, rank), split);
  return { order: sorted, split };
}

/** Points by rising rank from 0 to `ranks` - 1, those of a rank in the order given. */
function sortedBy(order, ranks, rank) {
  const next = new Uint32Array(ranks + 1), sorted = new Uint32Array(order.length), rankOf = new Uint32Array(order.length);
  for (let k = 0; k < order.length; k++) {
    rankOf[k] = rank(order[k]);
    next[rankOf[k] + 1]++;
  }
  for (let k = 0; k < ranks; k++) next[k + 1] += next[k];
  for (let k = 0; k < order.length; k++) sorted[next[rankOf[k]]++] = order[k];
  return sorted;
}

/** A share of the points, evenly out of the order. */
function thinned({ order, split }, share) {
  if (share >= 1) return { order, split };
  const few = new Uint32Array(Math.floor(order.length * share));
  let background = 0;
  for (let k = 0; k < few.length; k++) {
    const from = Math.floor(k / share);
    few[k] = order[from];
    if (from < split) background++;
  }
  return { order: few, split: background };
}
