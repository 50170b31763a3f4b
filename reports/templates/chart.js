// Reads a chart's numbers out beside the pointer; long curves can be zoomed: drag a frame, double click to go back.
class Reader {
  constructor(figure) {
    this.data = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
    this.drawing = figure.querySelector(".drawing");
    this.svg = this.drawing.querySelector("svg");
    const [left, top, right, bottom] = this.data.box;
    this.x = new Scale(this.data.x, left, right);
    this.y = new Scale(this.data.y, bottom, top);
    this.cross = this.add(this.svg, "path", { class: "cross" });
    this.dots = this.add(this.svg, "g", {});
    this.panel = document.createElement("div");
    this.panel.className = "reading";
    this.panel.hidden = true;
    this.drawing.append(this.panel);
    this.drawing.classList.add("live");
    this.svg.addEventListener("pointermove", (event) => this.move(event));
    this.svg.addEventListener("pointerdown", (event) => this.press(event));
    this.svg.addEventListener("pointerup", (event) => this.lift(event));
    this.svg.addEventListener("pointerleave", () => this.hide());
    if (this.data.long) this.prepareZoom(figure);
  }

  add(parent, name, attributes) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    parent.append(element);
    return element;
  }

  // A pointer's place in the units of the drawing.
  where(event) {
    const frame = this.svg.getBoundingClientRect();
    const unit = this.svg.viewBox.baseVal.width / frame.width;
    return [(event.clientX - frame.left) * unit, (event.clientY - frame.top) * unit];
  }

  inside([across, down]) {
    const [left, top, right, bottom] = this.data.box;
    return across >= left - 4 && across <= right + 4 && down >= top - 4 && down <= bottom + 4;
  }

  move(event) {
    const here = this.where(event);
    if (this.start) this.stretch(here);
    else if (this.inside(here)) this.read(here);
    else this.hide();
  }

  // Of every series the point nearest in x; or of all points the nearest.
  read([across, down]) {
    const [left, top, right, bottom] = this.data.box;
    let found = this.data.series.flatMap((series) => {
      let best = null;
      series.x.forEach((x, index) => {
        const y = series.y[index];
        if (x === null || y === null) return;
        const point = { series, index, x, y, across: this.x.place(x), down: this.y.place(y) };
        if (point.across < left - 1 || point.across > right + 1) return;
        point.away = this.data.nearest
          ? Math.hypot(point.across - across, 3 * (point.down - down)) : Math.abs(point.across - across);
        if (!best || point.away < best.away) best = point;
      });
      return best ? [best] : [];
    });
    if (!found.length) return this.hide();
    const nearest = found.reduce((best, point) => (point.away < best.away ? point : best));
    if (this.data.nearest) found = [nearest];
    else found = found.filter((point) => Math.abs(point.across - nearest.across) < (right - left) / 20);
    this.cross.setAttribute("d", `M${nearest.across} ${top}V${bottom}`);
    this.dots.replaceChildren();
    for (const point of found) {
      if (point.down < top - 1 || point.down > bottom + 1) continue;
      this.add(this.dots, "circle", { cx: point.across, cy: point.down, r: 3, style: `fill: var(--c${point.series.colour})` });
    }
    this.tell(found, nearest);
    return undefined;
  }

  tell(found, nearest) {
    const head = document.createElement("b");
    const data = this.data;
    head.textContent = data.nearest ? nearest.series.name
      : `${data.across} ${written(nearest.x * data.factor)}${data.unit ? `\u202f${data.unit}` : ""}`;
    const lines = found.map((point) => {
      const line = document.createElement("div");
      const dot = document.createElement("span");
      dot.style.color = `var(--c${point.series.colour})`;
      dot.textContent = "● ";
      const text = point.series.texts?.[point.index]
        ?? (data.percent ? `${(100 * point.y).toFixed(1)}\u202f%` : written(point.y));
      line.append(dot, data.nearest ? text : `${point.series.name}: ${text}`);
      return line;
    });
    this.panel.replaceChildren(head, ...lines);
    this.panel.hidden = false;
    const unit = this.svg.getBoundingClientRect().width / this.svg.viewBox.baseVal.width;
    const room = this.drawing.clientWidth - this.panel.offsetWidth;
    const beside = nearest.across * unit + 12;
    // To the left of the pointer where there is no room to its right.
    const left = beside <= room ? beside : nearest.across * unit - 12 - this.panel.offsetWidth;
    this.panel.style.left = `${Math.max(0, Math.min(left, room))}px`;
    // What is told of one bar stands below it.
    this.panel.style.top = `${data.nearest ? nearest.down * unit + 14 : data.box[1] * unit}px`;
  }

  hide() {
    this.panel.hidden = true;
    this.cross.removeAttribute("d");
    this.dots.replaceChildren();
  }

  prepareZoom(figure) {
    this.frame = this.add(this.svg, "rect", { class: "frame", width: 0, height: 0 });
    this.marks = this.add(this.svg, "g", { class: "marks" });
    const axes = this.svg.querySelector(".axes");
    this.lines = [...axes.querySelectorAll(":scope > g > path[clip-path]")];
    for (const line of this.lines) {
      // The frame that clips a line stays where it is while the line moves below it.
      line.parentNode.setAttribute("clip-path", line.getAttribute("clip-path"));
      line.removeAttribute("clip-path");
    }
    this.widths = this.lines.map((line) => parseFloat(line.style.strokeWidth));
    this.drawn = [...axes.querySelectorAll(".x > g:not(:last-child), .y > g:not(:last-child)")];
    const hint = document.createElement("span");
    hint.className = "hint";
    hint.textContent = " Drag to zoom, double click to go back.";
    figure.querySelector(".note").append(hint);
    this.svg.addEventListener("dblclick", () => { this.x.reset(); this.y.reset(); this.show(false); });
  }

  press(event) {
    const here = this.where(event);
    if (!this.frame || event.button !== 0 || event.pointerType === "touch" || !this.inside(here)) return;
    event.preventDefault();
    this.svg.setPointerCapture?.(event.pointerId);
    this.start = here;
    this.hide();
  }

  // The corners of the frame between the start and here; one drawn flat takes the whole height.
  corners([across, down]) {
    const [left, top, right, bottom] = this.data.box;
    const within = (value, low, high) => Math.min(high, Math.max(low, value));
    const xs = [this.start[0], across].map((value) => within(value, left, right)).sort((a, b) => a - b);
    const ys = [this.start[1], down].map((value) => within(value, top, bottom)).sort((a, b) => a - b);
    return [xs, ys[1] - ys[0] < 10 ? [top, bottom] : ys];
  }

  stretch(here) {
    const [[left, right], [top, bottom]] = this.corners(here);
    for (const [key, value] of Object.entries({ x: left, y: top, width: right - left, height: bottom - top })) {
      this.frame.setAttribute(key, value);
    }
  }

  lift(event) {
    if (!this.start) return;
    const [[left, right], [top, bottom]] = this.corners(this.where(event));
    this.start = null;
    this.frame.setAttribute("width", 0);
    if (right - left < 5) return;
    this.x.zoom(left, right);
    this.y.zoom(bottom, top);
    this.show(true);
  }

  show(zoomed) {
    const [[a, e], [d, f]] = [this.x.carry(), this.y.carry()];
    const unit = this.svg.getBoundingClientRect().width / this.svg.viewBox.baseVal.width;
    this.lines.forEach((line, place) => {
      line.setAttribute("transform", `matrix(${a} 0 0 ${d} ${e} ${f})`);
      // A stroke that does not scale is as wide as it says on the screen, not in the drawing.
      line.style.vectorEffect = zoomed ? "non-scaling-stroke" : "";
      line.style.strokeWidth = `${this.widths[place] * (zoomed ? unit : 1)}px`;
    });
    for (const element of this.drawn) element.style.display = zoomed ? "none" : "";
    this.marks.replaceChildren();
    this.drawing.classList.toggle("zoomed", zoomed);
    if (zoomed) this.mark();
  }

  mark() {
    const [left, top, right, bottom] = this.data.box;
    for (const value of this.x.ticks()) {
      const across = this.x.place(value);
      this.add(this.marks, "path", { d: `M${across} ${top}V${bottom}` });
      this.add(this.marks, "text", { x: across, y: bottom + 13, "text-anchor": "middle" }).textContent = written(value);
    }
    for (const value of this.y.ticks()) {
      const down = this.y.place(value);
      this.add(this.marks, "path", { d: `M${left} ${down}H${right}` });
      const text = this.data.percent ? `${written(100 * value)} %` : written(value);
      this.add(this.marks, "text", { x: left - 3.5, y: down + 3.4, "text-anchor": "end" }).textContent = text;
    }
  }
}

for (const figure of document.querySelectorAll("figure.chart")) {
  if (figure.querySelector("script[type='application/json']")) new Reader(figure);
}
