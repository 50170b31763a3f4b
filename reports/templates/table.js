// Sorting by a click on a column's head, and a field that leaves only the rows with all of its words.
class Table {
  constructor(table) {
    this.body = table.tBodies[0];
    this.rows = [...this.body.rows];
    this.heads = [...table.tHead.rows[0].cells];
    this.heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => this.sort(column, head.getAttribute("aria-sort") === "ascending"));
      head.append(button);
    });
    this.bar = document.createElement("div");
    this.bar.className = "tools";
    this.bar.append(this.field(), this.choice(), this.count());
    (table.closest(".scroll") ?? table).before(this.bar);
    this.filter("");
  }

  field() {
    const field = document.createElement("input");
    field.type = "search";
    field.placeholder = "Filter: words, as in mnist failed";
    field.setAttribute("aria-label", "Filter the rows");
    field.addEventListener("input", () => this.filter(field.value));
    return field;
  }

  // Where the heads are not shown: on a phone.
  choice() {
    const choice = document.createElement("select");
    choice.setAttribute("aria-label", "Sort the rows");
    this.heads.forEach((head, column) => {
      for (const [sign, down] of [["↑", false], ["↓", true]]) {
        choice.append(new Option(`by ${head.textContent.trim()} ${sign}`, `${column} ${down}`));
      }
    });
    choice.addEventListener("change", () => {
      const [column, down] = choice.value.split(" ");
      this.sort(Number(column), down === "true");
    });
    return choice;
  }

  count() {
    this.counted = document.createElement("output");
    return this.counted;
  }

  key(row, column) {
    const cell = row.cells[column];
    return (cell?.dataset.sort ?? cell?.textContent ?? "").trim();
  }

  // What is missing comes last, upwards and downwards; numbers by size, where all are numbers.
  sort(column, down) {
    const keys = new Map(this.rows.map((row) => [row, this.key(row, column)]));
    const known = [...keys.values()].filter((key) => key && key !== "–");
    const numbers = known.every((key) => Number.isFinite(Number(key)));
    const words = new Intl.Collator("en", { numeric: true });
    const missing = (row) => !keys.get(row) || keys.get(row) === "–";
    this.rows.sort((one, other) => {
      if (missing(one) || missing(other)) return missing(one) - missing(other);
      const [a, b] = [keys.get(one), keys.get(other)];
      const order = numbers ? Number(a) - Number(b) : words.compare(a, b);
      return down ? -order : order;
    });
    this.body.append(...this.rows);
    this.heads.forEach((head, place) => {
      if (place === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  }

  filter(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of this.rows) {
      const content = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => content.includes(word));
    }
    const left = this.rows.filter((row) => !row.hidden).length;
    this.counted.textContent = left === this.rows.length ? `${left} rows` : `${left} of ${this.rows.length} rows`;
  }
}

for (const table of document.querySelectorAll("table.sortable")) new Table(table);
