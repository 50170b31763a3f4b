"use strict";
// An axis of a chart: from values to places in the drawing and back, and where its ticks go.
class Scale {
  constructor({ limits, log }, begin, end) {
    this.log = log;
    this.begin = begin;
    this.end = end;
    this.whole = limits.map((value) => this.bend(value));
    this.shown = this.whole;
  }

  bend(value) { return this.log ? Math.log10(value) : value; }

  unbend(value) { return this.log ? 10 ** value : value; }

  place(value) {
    const [low, high] = this.shown;
    return this.begin + ((this.bend(value) - low) / (high - low)) * (this.end - this.begin);
  }

  // The value, bent, at a place.
  at(place) {
    const [low, high] = this.shown;
    return low + ((place - this.begin) / (this.end - this.begin)) * (high - low);
  }

  zoom(from, to) {
    const found = [this.at(from), this.at(to)].sort((a, b) => a - b);
    this.shown = this.whole[0] < this.whole[1] ? found : found.reverse();
  }

  reset() { this.shown = this.whole; }

  // Factor and shift that carry a drawn place to where it is shown.
  carry() {
    const span = this.shown[1] - this.shown[0];
    const factor = (this.whole[1] - this.whole[0]) / span;
    return [factor, this.begin * (1 - factor) + ((this.whole[0] - this.shown[0]) / span) * (this.end - this.begin)];
  }

  ticks() {
    const [low, high] = this.shown.map((value) => this.unbend(value)).sort((a, b) => a - b);
    if (this.log && high / low > 20) {
      const found = [];
      for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
        for (const digit of high / low > 1e4 ? [1] : [1, 3]) found.push(digit * 10 ** power);
      }
      return found.filter((value) => value >= low && value <= high);
    }
    const rough = (high - low) / 5;
    const unit = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((factor) => factor * unit >= rough) * unit;
    const found = [];
    for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-9; value += step) found.push(value);
    return found;
  }
}

// Three significant digits, as the page writes them.
function written(value, digits = 3) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e7) return value.toExponential(digits - 1).replace("-", "−");
  const rounded = Number(value.toPrecision(Math.max(digits, Math.ceil(Math.log10(size + 1)))));
  return rounded.toLocaleString("en", { maximumSignificantDigits: 8, minimumSignificantDigits: 1 }).replace("-", "−");
}
