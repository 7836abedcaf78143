// The posterior by hand: sliders for the bath, the band at once; and what another ratio would say.

import { ask, fill, h, latest, slider } from "./base.js";
import { S } from "./main.js";
import { Plot, minus } from "./plot.js";

export async function explorePage(page) {
  const fits = S.one.runs.filter((run) => run.state === "done" && !run.argv.includes("--laws"));
  if (!fits.length) {
    fill(page, h("h1", {}, "Explore"), h("p", {}, "There is no finished fit yet. ", h("a", { href: `#/${S.one.id}/fit` }, "Fit first"), "; or ",
      h("a", { href: "#/learn" }, "learn without data"), "."));
    return;
  }
  const run = fits.find((one) => one.name === S.chosen) ?? fits[0];
  const inner = h("div", {});
  const which = h("select", { id: "run", onchange: (e) => { S.chosen = e.target.value; explorePage(page); } }, fits.map((one) => h("option", { value: one.name }, one.name)));
  which.value = run.name;
  fill(page, h("h1", {}, "Explore"), fits.length > 1 ? h("div", { class: "field" }, h("label", { for: "run" }, "Fit"), which) : null, inner);
  await explore(inner, run.name, "");
}

async function explore(page, run, group) {
  const first = await ask(`a/${S.one.id}/ask/explore`, { run, group });
  const at = { ...first.start };
  let whatIf = null, moves = 0, { replaces } = first;
  const y = [first.E_K[0], first.E_K.at(-1), ...first.band[0], ...first.band[2], ...first.points.map((p) => p[1])];
  const low = Math.max(Math.floor(Math.min(...first.band[0], ...first.points.map((p) => p[1])) / 10) * 10 - 15, -160), high = Math.ceil(Math.max(...y.filter((v) => v < 80)) / 10) * 10 + 5;
  const x = { min: first.ranges.K_o_mM[0], max: first.ranges.K_o_mM[1], log: true, label: "K outside (mM)" };
  const plot = new Plot({ width: 700, height: 460, x, y: { min: low, max: high, label: "V_m (mV)" }, label: `V_m against K outside under ${first.law}; the sentence below says it in words` });
  const said = h("p", { class: "lead", "aria-live": "polite", id: "here" }), misfit = h("p", { id: "misfit" });

  function draw(found) {
    const sodium = (K) => found.Na_o[found.K_o.findIndex((x) => x >= K * 0.99)] ?? 0;
    const like = (p) => Math.abs(p[2] - at.temperature_C) < 3 && (p[3] > 0) === (at.blocked > 0)
      && (!found.Na_o.length || Math.abs(p[5] - sodium(p[0])) <= 0.25 * Math.max(p[5], sodium(p[0]), 20));
    plot.draw({
      bands: [{ x: found.K_o, low: found.band[0], high: found.band[2] }],
      lines: [{ x: found.K_o, y: found.E_K, kind: "nernst" }, { x: found.K_o, y: found.band[1], kind: "main" },
        ...(found.other ? [{ x: found.K_o, y: found.other, kind: "other" }] : [])],
      points: first.points.map((p) => ({ x: Math.max(p[0], x.min), y: p[1], kind: `${p[3] ? "open" : ""} ${like(p) ? "" : "far"}`,
        title: `row ${p[4]}: ${minus(p[1], 1)} mV, K_o ${p[0]} mM, ${p[2]} °C${p[3] ? ", pump blocked" : ""}` })),
      marks: [{ x: at.K_o_mM, y: found.here[1], low: found.here[0], high: found.here[2] }],
      notes: [{ x: x.max, y: found.E_K.at(-1), text: "E_K", dx: -6, anchor: "end", kind: "faint" }],
    });
    fill(said, h("b", {}, `${minus(found.here[1], 1)} mV`), ` (${first.interval} ${minus(found.here[0], 1)} to ${minus(found.here[2], 1)}) `,
      h("span", { class: "faint" }, `for a typical cell at K_o ${Number(at.K_o_mM.toPrecision(3))} mM, ${Number(at.temperature_C.toPrecision(3))} °C${at.blocked ? ", pump blocked" : ""}`));
    fill(misfit, `Misfit of the recordings: ${first.misfit.toFixed(1)} mV as fitted`,
      found.other ? h("b", {}, `, ${found.other_misfit.toFixed(1)} mV with ${Object.entries(whatIf).map(([n, v]) => `${n} = ${Number(v.toPrecision(2))}`).join(", ")}`) : "", ".",
      at.blocked && first.dormant.length ? h("span", { class: "mark amber" }, ` ! No row was blocked, so ${first.dormant.join(", ")}, which is passive, was left out: this is as if none crossed.`) : null);
    page.dataset.moves = ++moves;
  }

  const move = latest(async () => draw(await ask(`a/${S.one.id}/ask/explore`, { run, group, at, what_if: whatIf, replaces })));
  const LABEL = { temperature_C: ["Temperature", "°C"] };
  const bath = Object.entries(first.ranges).map(([name, [min, max]]) => {
    const [label, unit] = LABEL[name] ?? [`${name.replace("_o_mM", "")} outside`, "mM"];
    return slider(label, { min, max, value: at[name], unit, log: name === "K_o_mM", onmove: (v) => { at[name] = v; move(); } });
  });
  const pump = first.pump ? h("label", { class: "choice" }, h("input", { type: "checkbox", onchange: (e) => { at.blocked = e.target.checked ? 1 : 0; move(); } }), h("span", {}, "Pump blocked")) : null;
  const exchange = first.Na_o.length ? h("label", { class: "choice" }, h("input", { type: "checkbox", checked: replaces, onchange: (e) => { replaces = e.target.checked; move(); } }),
    h("span", {}, "K replaces Na along the curve")) : null;
  const handles = Object.entries(first.ratios).map(([name, [least, median, most]]) => slider(name,
    { min: Math.min(least / 3, median / 10), max: Math.max(most * 3, median * 10), value: median, log: true, onmove: (v) => { whatIf = { ...whatIf, [name]: v }; move(); } }));
  const pick = h("select", { id: "group", onchange: (e) => explore(page, run, e.target.value) }, first.groups.map((one) => h("option", { value: one }, one)));
  pick.value = group || first.groups[0];
  fill(page, h("div", { class: "two wide-left" }, h("section", {}, plot.node, said, misfit,
    h("p", { class: "legend" }, h("span", { class: "key main" }, `median and ${first.interval}`), h("span", { class: "key nernst" }, "potassium alone (E_K)"), h("span", { class: "key other" }, "what if"),
      h("span", {}, "● recordings, ○ pump blocked, faint: another bath, temperature or pump state"))),
  h("section", { class: "sliders" }, first.groups.length ? h("div", { class: "field" }, h("label", { for: "group" }, "Group"), pick) : null,
    h("h2", {}, "Bath"), bath, pump, exchange,
    h("button", { type: "button", onclick: () => { Object.assign(at, first.start); Object.keys(first.ranges).forEach((name, i) => bath[i].put(at[name])); if (pump) pump.querySelector("input").checked = false; move(); } }, "Back to the reference bath"),
    handles.length ? [h("h2", {}, "What if …"), h("p", { class: "what" }, "Another ratio, all else at its median: the dashed curve, and how far the recordings are from it."), handles,
      h("button", { type: "button", onclick: () => { whatIf = null; Object.values(first.ratios).forEach((r, i) => handles[i].put(r[1])); move(); } }, "As fitted")] : null)));
  draw(first);
}
