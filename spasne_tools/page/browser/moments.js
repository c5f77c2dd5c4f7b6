// Means and variances of a column's codes, of the selected points and of all.

/** {selected, all}, each {n (not missing), sum, squares, above (with a code that is not 0)}. */
function momentsOf(column, mask) {
  const selected = noMoments(), all = noMoments();
  for (let i = 0; i < mask.length; i++) selected.n += mask[i];
  all.n = mask.length;
  column.eachAboveLeast((point, code) => {
    if (mask[point]) addMoment(selected, code);
    addMoment(all, code);
  });
  return { selected, all };
}

function noMoments() {
  return { n: 0, sum: 0, squares: 0, above: 0 };
}

/** All points were counted; those that are missing do not count. */
function addMoment(moments, code) {
  if (code === MISSING) moments.n--;
  else {
    moments.sum += code;
    moments.squares += code * code;
    moments.above++;
  }
}

/** Of the points in `all` that are not in `selected`. */
function momentsOfRest({ selected, all }) {
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, value - selected[name]]));
}

function meanOf({ n, sum }) {
  return sum / n;
}

/** Of the mean: the sample's variance by the number of points. */
function varianceOfMean({ n, sum, squares }) {
  return Math.max(0, squares - (sum * sum) / n) / (n - 1) / n;
}
