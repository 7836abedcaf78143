// The list of analyses, and how a new one begins: a file, a bundled set, an empty table.

import { ask, doing, fill, h, trouble } from "./base.js";
import { S } from "./main.js";

async function begin(kind, name, body) {
  const made = await ask(`new?kind=${kind}&name=${encodeURIComponent(name)}`, body ?? {}, body !== undefined);
  location.hash = `#/${made.id}/table`;
}

export async function start(page) {
  const offered = S.offered;
  const most = 50 * 2 ** 20;
  const take = async (file) => {
    if (!file) return;
    if (file.size > most) throw new Error(`${file.name}: larger than 50 MB, and no table of resting potentials is.`);
    await begin("file", file.name, file);
  };
  const input = h("input", { type: "file", id: "file", accept: ".csv,.tsv,.txt,.xlsx,.xlsm,.xls,.ods",
    onchange: async (event) => { try { trouble(); await take(event.target.files[0]); } catch (error) { trouble(error); } event.target.value = ""; } });
  const drop = h("label", { class: "drop", for: "file" }, h("b", {}, "Drop a table here"), h("span", {}, "or choose one: CSV, Excel, OpenDocument"), input);
  for (const name of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, async (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop") try { trouble(); await take(event.dataTransfer.files[0]); } catch (error) { trouble(error); }
    });
  }
  fill(page,
    h("h1", {}, "What do resting potentials say about the membrane?"),
    h("p", { class: "lead" }, "Give a table with one measured potential a row: V_m, the bath's K, Na and Cl, the temperature. ",
      "The same analysis as the command line's, step by step: table, question, fit. Nothing leaves this computer."),
    h("div", { class: "two" },
      h("div", {},
        h("section", { class: "card" }, h("h2", {}, "Your recordings"), drop,
          h("button", { type: "button", onclick: doing(() => begin("empty", "")) }, "Begin with an empty table, to paste into")),
        offered.analyses.length ? h("section", { class: "card" }, h("h2", {}, "Go on with"), h("ul", { class: "analyses" }, offered.analyses.map((one) => h("li", {},
          h("a", { href: `#/${one.id}/table` }, one.id), h("span", { class: "faint" }, ` ${one.data}, ${new Date(1000 * one.changed).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })}`))))) : null,
        h("section", { class: "card" }, h("h2", {}, "No recordings yet?"),
          h("p", {}, "See what makes a resting potential, what the pump adds, and how it runs down when the pump is poisoned."),
          h("a", { class: "button", href: "#/learn" }, "Learn, with sliders"))),
      h("section", { class: "card" }, h("h2", {}, "An example"),
        offered.sets.map((one) => h("div", { class: "example" }, h("h3", {}, one.title), h("p", { class: "what" }, `Measured: ${one.measured}`),
          h("button", { type: "button", onclick: doing(() => begin("set", one.name)) }, `Take ${one.name}`))))),
    h("p", { class: "faint foot" }, `Tables and results are kept in ${offered.folder}. vrest ${offered.version}.`));
}
