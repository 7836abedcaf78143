// What makes a resting potential, by sliders: usable without data.

import { ask, fill, h, latest, slider, toCopy } from "./base.js";
import { Plot, minus, waterfall } from "./plot.js";

const START = { K_o: 5, Na_o: 150, Cl_o: 120, K_i: 140, Na_i: 15, Cl_i: 10, P_Na: 0.04, P_Cl: 0.45, temperature: 37, cool: 10, pump: null };

export async function learn(page) {
  let now = { ...START }, found = null;
  const parts = h("svg", { class: "plot", role: "img", "aria-label": "What potassium, sodium, chloride and the pump each add to V_m; the sentence says it in words" });
  const cold = h("svg", { class: "plot", role: "img", "aria-label": "What cooling changes, by part; the sentence says it in words" });
  const run = new Plot({ width: 560, height: 340, x: { min: 1 / 60, max: 3 * 24 * 60, log: true, label: "minutes after the pump is poisoned" }, y: { min: -100, max: 10, label: "V_m (mV)" },
    label: "V_m after the pump is poisoned; the sentence says it in words" });
  const sum = h("p", { class: "lead", "aria-live": "polite", id: "sum" }), nernst = h("p", {}), later = h("p", { "aria-live": "polite" }), colder = h("p", {}), charge = h("p", {}), command = h("div", {});
  const mV = (x) => `${minus(x, 1)} mV`;

  function draw() {
    const { steps } = found;
    if (now.pump === null) S.pump.put(found.balanced);
    waterfall(parts, [["K alone", steps.potassium], ["Na adds", steps.sodium], ["Cl adds", steps.chloride], ["pump adds", steps.pump]], { total: "V_m" });
    fill(sum, h("b", {}, mV(found.V_m)), " is the resting potential.");
    fill(nernst, `Each ion alone would hold the membrane at its Nernst potential: K ${mV(found.nernst.K)}, Na ${mV(found.nernst.Na)}, Cl ${mV(found.nernst.Cl)}. ` +
      `Sodium pulls V_m ${mV(steps.sodium)} away from potassium's. A pump that makes good the leaks of Na and K, 3 against 2, adds ${mV(-found.balanced)}.`);
    fill(charge, `Only ${found.charge.share_of_K.toExponential(1).replace(/e-(\d+)/, (_, n) => `·10⁻${[...n].map((d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[d]).join("")}`)} of the cell's potassium has to leave to charge the membrane (${Math.abs(found.charge.charge_pC).toFixed(2)} pC in a round cell of 20 µm): concentrations stay what they are.`);
    const cooling = found.cooling, whole = Object.values(cooling).reduce((a, b) => a + b, 0);
    waterfall(cold, [["thermodynamic", cooling.thermodynamic], ["leak", cooling.leak], ["pump", cooling.pump]], { total: "together", height: 260 });
    fill(colder, `Cooling by ${Number(found.cooled_by.toPrecision(3))} °C ${whole >= 0 ? "depolarises" : "hyperpolarises"} by `, h("b", {}, mV(Math.abs(whole))),
      ": kT/e shrinks, the leak slows, which leaves more to the pump, and the pump slows most of all.");
    clock();
    const argv = Object.entries(now).filter(([name, x]) => x !== null && x !== START[name]).map(([name, x]) => `--${name.replaceAll("_", "-")} ${Number(x.toPrecision(4))}`);
    fill(command, toCopy(["vrest explain", ...argv].join(" ")));
  }

  function clock() {
    const { time_s, V_m, inside, before, end } = found.run, t = Math.min(60 * minutes.x, time_s.at(-1)), told = t < 5400 ? `${Number((t / 60).toPrecision(2))} min` : `${Number((t / 3600).toPrecision(2))} h`;
    const after = Math.max(time_s.findIndex((x) => x >= t), 1), share = (t - time_s[after - 1]) / (time_s[after] - time_s[after - 1]);
    const then = (of) => of[after - 1] + share * (of[after] - of[after - 1]);
    run.y = { ...run.y, min: Math.floor(Math.min(before, ...V_m) / 10) * 10 - 5, max: Math.ceil(Math.max(0, ...V_m) / 10) * 10 + 5 };
    run.frame();
    const x = time_s.slice(1).map((s) => s / 60), last = x.findIndex((m) => m > run.x.max);
    if (last > 0) x.length = last;
    run.draw({ lines: [{ x: [run.x.min, x[0], x[0]], y: [before, before, V_m[1]], kind: "faint" }, { x, y: V_m.slice(1, x.length + 1), kind: "main" }, { x: [run.x.min, run.x.max], y: [end, end], kind: "nernst" }],
      marks: [{ x: t / 60, y: then(V_m), low: then(V_m), high: then(V_m) }], notes: [{ x: run.x.min, y: end, text: "the end: equilibrium of all that crosses", dx: 6 }] });
    fill(later, `At once the pump's ${mV(V_m[0] - before)} are lost (${mV(before)} to ${mV(V_m[0])}); after ${told} V_m is `,
      h("b", {}, mV(then(V_m))), `, with ${Object.entries(inside).map(([ion, c]) => `${ion} ${then(c).toFixed(0)}`).join(", ")} mM inside; a real cell would swell. ` +
      `The curve starts from the balanced state, ${mV(before)} (the pump makes good the leaks, and chloride is at equilibrium), not from the ${mV(found.V_m)} above.`);
  }

  const look = latest(async () => {
    const { K_o, Na_o, Cl_o, K_i, Na_i, Cl_i } = now;
    found = await ask("explain", { c_o: { K: K_o, Na: Na_o, Cl: Cl_o }, c_i: { K: K_i, Na: Na_i, Cl: Cl_i }, p: { Na: now.P_Na, Cl: now.P_Cl },
      temperature_C: now.temperature, cooled_by_C: Math.min(now.cool, now.temperature + 2), ...(now.pump === null ? {} : { pump_mV: now.pump }) });
    draw();
  });
  const minutes = slider("Time", { min: 1 / 60, max: 3 * 24 * 60, value: 60, log: true, unit: "min", onmove: () => found && clock() });
  const S = {};
  const make = (name, label, min, max, unit, log) => (S[name] = slider(label, { min, max, value: now[name] ?? 0, unit, log, onmove: (x) => { now[name] = x; look(); } }));
  const put = (changes) => { now = { ...now, ...changes }; for (const [name, x] of Object.entries(changes)) S[name]?.put(x ?? 0); look(); };
  fill(page, h("h1", {}, "What makes a resting potential"),
    h("div", { class: "two wide-left" }, h("section", {}, sum, parts, nernst, charge),
      h("section", { class: "sliders" }, h("h2", {}, "Outside"), make("K_o", "K", 0.5, 150, "mM", true), make("Na_o", "Na", 1, 460, "mM"), make("Cl_o", "Cl", 1, 560, "mM"),
        h("h2", {}, "Inside"), make("K_i", "K", 20, 400, "mM"), make("Na_i", "Na", 1, 150, "mM"), make("Cl_i", "Cl", 1, 150, "mM"),
        h("h2", {}, "Membrane"), make("P_Na", "P_Na/P_K", 0.001, 100, "", true), make("P_Cl", "P_Cl/P_K", 0.001, 100, "", true), make("temperature", "Temperature", 0, 45, "°C"),
        make("pump", "Pump adds", 0, 30, "mV"),
        h("div", { class: "buttons" },
          h("button", { type: "button", onclick: () => put({ P_Na: 1 / now.P_Na, P_Cl: now.P_Cl / now.P_Na }) }, "Swap P_K and P_Na"),
          h("button", { type: "button", onclick: () => put({ pump: 0 }) }, "Poison the pump"),
          h("button", { type: "button", onclick: () => put({ pump: null }) }, "A pump in balance"),
          h("button", { type: "button", onclick: () => put({ ...START }) }, "From the start")))),
    h("div", { class: "two" }, h("section", {}, h("h2", {}, "When the pump is poisoned"), minutes, run.node, later),
      h("section", {}, h("h2", {}, "Cooling"), make("cool", "Cool by", 0, 30, "°C"), cold, colder)), command);
  look();
}
