// An editable grid that draws only the rows in sight: arrows, typing, paste from a spreadsheet, marks at single cells.

import { h } from "./base.js";

const ROW = 26, BEYOND = 8, LEFT = 56;
const pen = document.createElement("canvas").getContext("2d");
let grids = 0;

export class Grid {
  // label: said by screen readers. onedit(changes): [[row, column, text], …]. onmove(row, column): the active cell. onundo(): Ctrl+Z.
  constructor({ label, onedit, onmove = () => {}, onundo = () => {}, first = 1 }) {
    Object.assign(this, { onedit, onmove, onundo, first, id: `grid${grids++}`, cells: [], marks: new Map(), widths: [], header: -1 });
    this.at = { r: 0, c: 0 };
    this.to = { r: 0, c: 0 };
    this.head = h("div", { class: "grid-head", role: "row" });
    this.body = h("div", { class: "grid-body", role: "rowgroup" });
    this.node = h("div", { class: "grid", tabindex: 0, role: "grid", "aria-label": label }, this.head, this.body);
    this.drawn = "";
    this.node.addEventListener("scroll", () => this.draw(), { passive: true });
    this.node.addEventListener("keydown", (event) => this.key(event));
    this.node.addEventListener("copy", (event) => this.copy(event));
    this.node.addEventListener("paste", (event) => this.paste(event));
    this.body.addEventListener("mousedown", (event) => this.pick(event));
    this.body.addEventListener("dblclick", () => this.edit());
    new ResizeObserver(() => this.draw()).observe(this.node);
  }

  // heads: an element for each column; marks: Map of "row,column" to what is wrong there; header: number of the header's row.
  show({ cells, heads = [], marks = new Map(), header = -1, columns = 0 }) {
    Object.assign(this, { cells, marks, header });
    this.columns = Math.max(columns, heads.length, ...cells.slice(0, 200).map((row) => row.length), 1);
    pen.font = `600 ${getComputedStyle(document.body).font.replace(/^[^/]*?(?=[\d.]+px)/, "")}`;
    this.widths = Array.from({ length: this.columns }, (_, c) => {
      const longest = cells.slice(0, 200).reduce((most, row) => Math.max(most, pen.measureText(row[c] ?? "").width), 0);
      return Math.min(Math.max(heads.length ? 140 : 70, 16 + Math.ceil(longest)), 240);
    });
    this.x = this.widths.reduce((sum, w) => [...sum, sum.at(-1) + w], [LEFT]);
    this.head.hidden = !heads.length;
    this.head.replaceChildren(h("div", { class: "corner", style: null, role: "columnheader" }, "row"), ...heads);
    this.head.style.width = this.body.style.width = `${this.x.at(-1)}px`;
    heads.forEach((head, c) => { head.style.width = `${this.widths[c]}px`; head.setAttribute("role", "columnheader"); });
    this.body.style.height = `${cells.length * ROW}px`;
    this.node.style.setProperty("--tall", `${cells.length * ROW + this.head.offsetHeight + 18}px`);
    this.node.setAttribute("aria-rowcount", cells.length);
    this.node.setAttribute("aria-colcount", this.columns);
    this.drawn = "";
    this.draw();
  }

  draw() {
    const top = Math.max(0, Math.floor(this.node.scrollTop / ROW) - BEYOND);
    const count = Math.ceil(this.node.clientHeight / ROW) + 2 * BEYOND;
    const bottom = Math.min(this.cells.length, top + count);
    const what = `${top},${bottom},${this.at.r},${this.at.c},${this.to.r},${this.to.c}`;
    if (what === this.drawn) return;
    this.drawn = what;
    const rows = this.body.children;
    while (rows.length > bottom - top) this.body.lastChild.remove();
    while (rows.length < bottom - top) this.body.append(h("div", { class: "row", role: "row" }));
    for (let r = top; r < bottom; r++) this.line(rows[r - top], r);
    this.node.setAttribute("aria-activedescendant", `${this.id}-${this.at.r}-${this.at.c}`);
  }

  line(row, r) {
    const cells = row.children, texts = this.cells[r];
    while (cells.length > this.columns + 1) row.lastChild.remove();
    while (cells.length < this.columns + 1) row.append(h("div", { role: cells.length ? "gridcell" : "rowheader" }));
    row.style.transform = `translateY(${r * ROW}px)`;
    row.setAttribute("aria-rowindex", r + 1);
    row.className = r === this.header ? "row names" : "row";
    cells[0].textContent = r + this.first;
    cells[0].className = this.marks.has(`${r},-1`) ? "number fault" : "number";
    const [r0, r1] = [this.at.r, this.to.r].sort((a, b) => a - b), [c0, c1] = [this.at.c, this.to.c].sort((a, b) => a - b);
    for (let c = 0; c < this.columns; c++) {
      const cell = cells[c + 1], wrong = this.marks.get(`${r},${c}`);
      cell.textContent = texts[c] ?? "";
      cell.id = `${this.id}-${r}-${c}`;
      cell.style.width = `${this.widths[c]}px`;
      const active = r === this.at.r && c === this.at.c;
      const chosen = r >= r0 && r <= r1 && c >= c0 && c <= c1;
      cell.className = `cell${wrong ? " fault" : ""}${chosen ? " chosen" : ""}${active ? " active" : ""}`;
      cell.title = wrong ?? "";
      if (wrong) cell.setAttribute("aria-invalid", "true");
      else cell.removeAttribute("aria-invalid");
      if (chosen) cell.setAttribute("aria-selected", "true");
      else cell.removeAttribute("aria-selected");
    }
  }

  go(r, c, extend = false) {
    const limit = (x, n) => Math.min(Math.max(x, 0), n - 1);
    this.at = { r: limit(r, this.cells.length), c: limit(c, this.columns) };
    if (!extend) this.to = { ...this.at };
    const top = this.at.r * ROW, headHeight = this.head.hidden ? 0 : this.head.offsetHeight, room = this.node.clientHeight - headHeight - ROW;
    if (top < this.node.scrollTop) this.node.scrollTop = top;
    if (top > this.node.scrollTop + room) this.node.scrollTop = top - room;
    const left = this.x[this.at.c];
    if (left - LEFT < this.node.scrollLeft) this.node.scrollLeft = left - LEFT;
    const right = left + this.widths[this.at.c] - this.node.clientWidth;
    if (right > this.node.scrollLeft) this.node.scrollLeft = right;
    this.draw();
    this.onmove(this.at.r, this.at.c, this.marks.get(`${this.at.r},${this.at.c}`) ?? this.marks.get(`${this.at.r},-1`));
  }

  pick(event) {
    const cell = event.target.closest(".cell");
    if (!cell || event.target.tagName === "INPUT") return;
    const [, r, c] = cell.id.split("-").map(Number);
    this.go(r, c, event.shiftKey);
  }

  key(event) {
    if (event.target !== this.node || event.isComposing) return;
    const page = Math.max(1, Math.floor(this.node.clientHeight / ROW) - 2), { r, c } = this.at, ctrl = event.ctrlKey || event.metaKey;
    const moves = {
      ArrowDown: [ctrl ? this.cells.length : r + 1, c], ArrowUp: [ctrl ? 0 : r - 1, c], ArrowLeft: [r, ctrl ? 0 : c - 1],
      ArrowRight: [r, ctrl ? this.columns : c + 1], PageDown: [r + page, c], PageUp: [r - page, c],
      Home: [ctrl ? 0 : r, 0], End: [ctrl ? this.cells.length : r, this.columns],
    };
    if (moves[event.key]) this.go(...moves[event.key], event.shiftKey);
    else if (event.key === "Enter" || event.key === "F2") this.edit();
    else if (ctrl && !event.shiftKey && event.key.toLowerCase() === "z") this.onundo();
    else if (event.key === "Delete" || event.key === "Backspace") this.onedit(this.chosen().map(([a, b]) => [a, b, ""]));
    else if (event.key.length === 1 && !ctrl && !event.altKey) this.edit(event.key);
    else return;
    event.preventDefault();
  }

  chosen() {
    const [r0, r1] = [this.at.r, this.to.r].sort((a, b) => a - b), [c0, c1] = [this.at.c, this.to.c].sort((a, b) => a - b);
    const found = [];
    for (let r = r0; r <= r1; r++) for (let c = c0; c <= c1; c++) found.push([r, c]);
    return found;
  }

  edit(typed) {
    const { r, c } = this.at, before = this.cells[r]?.[c] ?? "";
    const input = h("input", { class: "edit", value: typed ?? before, "aria-label": `Row ${r + this.first}, column ${c + 1}` });
    let open = true;
    const end = (keep, dr = 0, dc = 0) => {
      if (!open) return;
      open = false;
      const text = input.value;
      input.remove();
      this.node.focus({ preventScroll: true });
      if (keep && text !== before) this.onedit([[r, c, text]]);
      this.go(r + dr, c + dc);
    };
    input.addEventListener("keydown", (event) => {
      const how = { Enter: [true, 1, 0], Tab: [true, 0, event.shiftKey ? -1 : 1], Escape: [false] }[event.key];
      if (how) { event.preventDefault(); event.stopPropagation(); end(...how); }
    });
    input.addEventListener("blur", () => end(true));
    Object.assign(input.style, { left: `${this.x[c]}px`, top: `${r * ROW}px`, width: `${this.widths[c]}px` });
    this.node.append(input);
    input.style.top = `${r * ROW + (this.head.hidden ? 0 : this.head.offsetHeight)}px`;
    input.focus({ preventScroll: true });
    if (typed === undefined) input.select();
  }

  copy(event) {
    if (event.target.tagName === "INPUT") return;
    const rows = new Map();
    for (const [r, c] of this.chosen()) rows.set(r, [...(rows.get(r) ?? []), this.cells[r]?.[c] ?? ""]);
    event.clipboardData.setData("text/plain", [...rows.values()].map((row) => row.join("\t")).join("\n"));
    event.preventDefault();
  }

  paste(event) {
    if (event.target.tagName === "INPUT") return;
    const text = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n$/, "");
    event.preventDefault();
    if (!text) return;
    const r = Math.min(this.at.r, this.to.r), c = Math.min(this.at.c, this.to.c);
    this.onedit(text.split("\n").flatMap((line, i) => line.split("\t").map((cell, j) => [r + i, c + j, cell.trim()])));
  }
}
