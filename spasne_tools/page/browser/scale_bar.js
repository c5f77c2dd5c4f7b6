// How long the tissue's micrometres are on the screen.

const LONGEST_BAR = [150, 0.3]; // CSS pixels, and share of the panel's width

/** A bar of 1, 2 or 5 times a power of ten: {length (CSS pixels), text}; null where the unit is not known. */
function scaleBar({ scale, width }, micrometres) {
  if (!micrometres) return null;
  const longest = (Math.min(LONGEST_BAR[0], LONGEST_BAR[1] * width) / scale) * micrometres;
  const power = 10 ** Math.floor(Math.log10(longest));
  const size = [5, 2, 1].map((times) => times * power).find((least) => least <= longest);
  const text = size >= 1000 ? `${shortNumber(size / 1000)} mm` : `${shortNumber(size)} µm`;
  return { length: (size / micrometres) * scale, text };
}

function showScaleBar(place, bar) {
  place.hidden = !bar;
  if (!bar) return;
  place.querySelector("i").style.width = `${bar.length}px`;
  place.querySelector("span").textContent = bar.text;
}
