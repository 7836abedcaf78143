// Two groups of cells, the difference in mV first; or laws, by what they predict.

import { ask, doing, fill, h } from "./base.js";
import { runs } from "./fit.js";
import { S } from "./main.js";

export async function compare(page) {
  let known = {};
  try { known = await ask(`a/${S.one.id}/ask/table`); } catch { known = {}; }  // the table's own page says what is wrong with it
  const labels = (known.labels ?? []).filter((one) => one !== "cell");
  await runs(page, {
    title: "Compare", wanted: (run) => run.argv[0] === "compare",
    top: (start) => {
      const by = h("select", { id: "by" }, labels.map((one) => h("option", { value: one }, known.groups?.[one] ? `${one}: ${known.groups[one].join(", ")}` : one)));
      by.value = S.one.settings.by ?? Object.keys(known.groups ?? {})[0] ?? labels[0] ?? "";
      const boxes = S.offered.laws.map((law) => h("label", { class: "choice" }, h("input", { type: "checkbox", value: law.name, checked: ["ghk", "ghk-pump"].includes(law.name) }),
        h("span", {}, h("b", {}, law.name), ` ${law.summary}`)));
      const chosen = () => boxes.map((box) => box.querySelector("input")).filter((box) => box.checked).map((box) => box.value);
      return h("div", { class: "cards" },
        h("section", { class: "card" }, h("h2", {}, "Groups of cells"),
          labels.length ? [h("div", { class: "field" }, h("label", { for: "by" }, "Groups are named in the column"), by),
            h("p", { class: "what" }, "By how many mV do they differ in the reference bath, and in which parameter?"),
            h("button", { type: "button", class: "primary starts", id: "compare-groups", onclick: doing(() => start({ by: by.value })) }, "Compare groups")]
            : h("p", {}, "The table has no column that names groups, such as genotype or cell_type.")),
        h("section", { class: "card" }, h("h2", {}, "Laws"), boxes, h("p", { class: "what" }, "Which law predicts best a row, or a cell, that was left out?"),
          h("button", { type: "button", class: "primary starts", id: "compare-laws", onclick: doing(() => {
            if (chosen().length < 2) throw new Error("Choose two laws or more.");
            return start({ laws: chosen().join(",") });
          }) }, "Compare laws")));
    },
  });
}
