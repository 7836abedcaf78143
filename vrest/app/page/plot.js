// Curves, bands and points as SVG; colours come from the style sheet, so that they follow the reader's scheme.

import { h } from "./base.js";

const M = { left: 58, right: 14, top: 12, bottom: 46 };
let plots = 0;

const nice = (span, n) => {
  const raw = span / n, power = 10 ** Math.floor(Math.log10(raw));
  return power * [1, 2, 5, 10].find((k) => k * power >= raw);
};

export function ticks({ min, max, log }, n = 6) {
  if (log) {
    const found = [];
    for (let p = Math.floor(Math.log10(min)); p <= Math.log10(max); p++) for (const k of [1, 3]) found.push(k * 10 ** p);
    return found.filter((t) => t >= min * 0.999 && t <= max * 1.001);
  }
  const step = nice(max - min, n), found = [];
  for (let t = Math.ceil(min / step) * step; t <= max + step * 1e-6; t += step) found.push(Math.abs(t) < step * 1e-6 ? 0 : t);
  return found;
}

export const minus = (x, digits) => (digits === undefined ? String(Number(x.toPrecision(6))) : x.toFixed(digits)).replace("-", "−");

export class Plot {
  constructor({ width = 640, height = 400, x, y, label }) {
    Object.assign(this, { width, height, x, y, id: `plot${plots++}` });
    this.axes = h("g");
    this.inside = h("g", { "clip-path": `url(#${this.id})` });
    this.over = h("g");
    this.node = h("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, class: "plot" },
      h("defs", {}, h("clipPath", { id: this.id }, h("rect", { x: M.left, y: M.top, width: width - M.left - M.right, height: height - M.top - M.bottom }))),
      this.axes, this.inside, this.over);
    this.frame();
  }

  px(v) {
    const { min, max, log } = this.x, share = log ? Math.log(Math.max(v, min) / min) / Math.log(max / min) : (v - min) / (max - min);
    return M.left + share * (this.width - M.left - M.right);
  }

  py(v) {
    return this.height - M.bottom - ((v - this.y.min) / (this.y.max - this.y.min)) * (this.height - M.top - M.bottom);
  }

  frame() {
    const bottom = this.height - M.bottom, right = this.width - M.right;
    this.axes.replaceChildren(
      ...ticks(this.y, 7).flatMap((t) => [
        h("line", { class: "rule", x1: M.left, x2: right, y1: this.py(t), y2: this.py(t) }),
        h("text", { x: M.left - 8, y: this.py(t) + 4, "text-anchor": "end" }, minus(t))]),
      ...ticks(this.x).flatMap((t) => [
        h("line", { class: "axis", x1: this.px(t), x2: this.px(t), y1: bottom, y2: bottom + 5 }),
        h("text", { x: this.px(t), y: bottom + 19, "text-anchor": "middle" }, minus(t))]),
      h("path", { class: "axis", d: `M${M.left},${M.top}V${bottom}H${right}` }),
      h("text", { class: "label", x: (M.left + right) / 2, y: this.height - 8, "text-anchor": "middle" }, this.x.label),
      h("text", { class: "label", transform: `translate(15 ${(M.top + bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, this.y.label));
  }

  path(xs, ys) {
    return xs.map((x, i) => `${i ? "L" : "M"}${this.px(x).toFixed(1)},${this.py(ys[i]).toFixed(1)}`).join("");
  }

  // bands: {x, low, high}; lines: {x, y, kind}; points: {x, y, kind, title}; marks: {x, y, low, high, kind}; notes: {x, y, text}
  draw({ bands = [], lines = [], points = [], marks = [], notes = [] }) {
    this.inside.replaceChildren(
      ...bands.map((b) => h("path", { class: `band ${b.kind ?? ""}`, d: `${this.path(b.x, b.low)}${this.path([...b.x].reverse(), [...b.high].reverse()).replace("M", "L")}Z` })),
      ...points.map((p) => h("circle", { class: `point ${p.kind ?? ""}`, cx: this.px(p.x), cy: this.py(p.y), r: p.r ?? 4 }, p.title ? h("title", {}, p.title) : null)),
      ...lines.map((l) => h("path", { class: `line ${l.kind ?? ""}`, d: this.path(l.x, l.y) })));
    this.over.replaceChildren(
      ...marks.flatMap((m) => [
        h("line", { class: `reach ${m.kind ?? ""}`, x1: this.px(m.x), x2: this.px(m.x), y1: this.py(m.low), y2: this.py(m.high) }),
        h("circle", { class: `here ${m.kind ?? ""}`, cx: this.px(m.x), cy: this.py(m.y), r: 6 })]),
      ...notes.map((n) => h("text", { class: `note ${n.kind ?? ""}`, x: this.px(n.x) + (n.dx ?? 0), y: this.py(n.y) + (n.dy ?? -6), "text-anchor": n.anchor ?? "start" }, n.text)));
  }
}

// Bars from where the last ended: what each part adds.
export function waterfall(node, steps, { width = 520, height = 340, total = "together", unit = "mV" } = {}) {
  let sum = 0;
  const bars = steps.map(([name, x]) => ({ name, x, from: sum, to: (sum += x) }));
  bars.push({ name: total, x: sum, from: 0, to: sum, whole: true });
  const low = Math.min(0, ...bars.map((b) => Math.min(b.from, b.to))), high = Math.max(0, ...bars.map((b) => Math.max(b.from, b.to)));
  const y = (v) => 20 + ((high - v) / (high - low || 1)) * (height - 80), step = (width - 60) / bars.length;
  node.setAttribute("viewBox", `0 0 ${width} ${height}`);
  node.replaceChildren(
    h("line", { class: "axis", x1: 50, x2: width - 10, y1: y(0), y2: y(0) }), h("text", { x: 44, y: y(0) + 4, "text-anchor": "end" }, "0"),
    ...bars.flatMap((b, i) => {
      const x = 55 + i * step, top = Math.min(y(b.from), y(b.to)), tall = Math.max(Math.abs(y(b.from) - y(b.to)), 1);
      const text = b.whole || i === 0 ? minus(b.x, 1) : `${b.x < 0 ? "−" : "+"}${Math.abs(b.x).toFixed(1)}`;
      return [
        h("rect", { class: `bar ${b.whole ? "whole" : b.x > 0 ? "up" : "down"}`, x, y: top, width: step * 0.68, height: tall }),
        h("text", { class: "value", x: x + step * 0.34, y: top + tall + 16, "text-anchor": "middle" }, `${text} ${unit}`),
        h("text", { x: x + step * 0.34, y: height - 8, "text-anchor": "middle" }, b.name)];
    }));
}
