// What marks a selection: genes by how far the selected points' mean is from that of all others.

const FEWEST_RANKED = 2; // points in the selection and in the rest, to have a variance

/**
 * Genes from the highest to the lowest of Welch's t: {column, t, selected, rest (means), selectedShare, restShare (of
 * points above the gene's smallest value)}. Null if `isCurrent` says no meanwhile.
 */
async function rankGenes(columns, mask, isCurrent) {
  const ranked = [];
  for (const column of columns) {
    await column.read();
    if (!isCurrent()) return null;
    const entry = compare(column, mask);
    if (entry) ranked.push(entry);
  }
  return ranked.sort((one, other) => other.t - one.t);
}

/** A gene in the selection and in the rest; null where too few points have a value. */
function compare(column, mask) {
  const moments = momentsOf(column, mask), { selected } = moments, rest = momentsOfRest(moments);
  if (Math.min(selected.n, rest.n) < FEWEST_RANKED) return null;
  const difference = meanOf(selected) - meanOf(rest), error = Math.sqrt(varianceOfMean(selected) + varianceOfMean(rest));
  return {
    column,
    t: difference === 0 ? 0 : difference / error, // infinite where all points of a side are alike
    selected: column.value(meanOf(selected)),
    rest: column.value(meanOf(rest)),
    selectedShare: selected.above / selected.n,
    restShare: rest.above / rest.n,
  };
}
