// A planned series: what its baths would pin down, before any cell is patched, and the rows that would help most.

import { ask, doing, fill, h, latest, lines, mark, paragraphs, table, toCopy } from "./base.js";
import { Grid } from "./grid.js";
import { S, keep } from "./main.js";

const BLANK = 6;

export async function planPage(page) {
  let known = {};
  try { known = await ask(`a/${S.one.id}/ask/table`); } catch { known = {}; }  // a plan needs no table that is in order
  const ions = known.outside ?? ["K", "Na", "Cl"];
  const header = ["cell", ...ions.map((ion) => `${ion}_o_mM`), "temperature_C", "pump"];
  let rows = S.one.plan.length ? S.one.plan : [header];
  const beside = h("section", { class: "beside", "aria-live": "polite", "aria-label": "What the plan would tell" });
  const grid = new Grid({ label: "Planned baths, one recording a row. Arrow keys move, Enter edits.", onedit: change });

  function draw() {
    const filled = rows.filter((row, i) => i === 0 || row.some((cell) => cell.trim()));
    const cells = [...filled, ...Array.from({ length: BLANK }, () => filled[0].map(() => ""))];
    grid.show({ cells, header: 0 });
  }

  async function change(changes) {
    const next = grid.cells.map((row) => [...row]);
    for (const [r, c, text] of changes) {
      while (next.length <= r) next.push(next[0].map(() => ""));
      next[r][c] = text;
    }
    await put(next);
  }

  async function put(next) {
    const width = Math.max(...next.map((row) => row.length));
    rows = next.filter((row, i) => i === 0 || row.some((cell) => (cell ?? "").trim())).map((row) => Array.from({ length: width }, (_, c) => row[c] ?? ""));
    draw();
    await keep({ plan: rows });
    look();
  }

  // One recording in each of the plan's cells, or one where it names none.
  function add(row) {
    const column = rows[0].indexOf("cell");
    const cells = column < 0 ? [""] : [...new Set(rows.slice(1).map((one) => one[column]).filter(Boolean))];
    const made = (cells.length ? cells : [""]).map((cell) => rows[0].map((name) => (name === "cell" ? cell : row[name] ?? rows[1]?.[rows[0].indexOf(name)] ?? "")));
    return put([...rows, ...made]);
  }

  const look = latest(async () => {
    if (rows.length < 2) {
      fill(beside, h("h2", {}, "What it would tell"), h("p", {}, "Type the baths that you plan, one row for each recording, or start from the table's own baths."));
      return;
    }
    beside.classList.add("waiting");
    try {
      const kept = rows[0].map((_, c) => c === 0 && rows[0][0] === "cell" ? rows.slice(1).some((row) => row[0].trim()) : rows.slice(1).some((row) => row[c].trim()));
      const found = await ask(`a/${S.one.id}/ask/plan`, { rows: rows.map((row) => row.filter((_, c) => kept[c])) });
      fill(beside, h("h2", {}, "What it would tell"), h("p", {}, mark(found.mark)),
        table([["", "before", "expected", "learned"], ...found.expected.map((q) => [q.parameter, q.before, q.after, `${Math.round(100 * Math.max(q.contraction, 0))} %`])], "numbers"),
        h("h2", {}, "Rows that would help most"), h("ul", { class: "offers" }, found.proposals.map((one) => h("li", {},
          h("button", { type: "button", "aria-label": `Add: ${one.words}`, onclick: doing(() => add(one.row)) }, "Add"),
          h("span", {}, one.words, h("br"), h("span", { class: "faint" }, one.gains.join(", ") || "narrows nothing"))))),
        paragraphs(found.sentences), h("details", {}, h("summary", {}, "Decided for you"), paragraphs([...found.notes, ...found.said])), toCopy(found.command));
    } catch (error) {
      fill(beside, h("h2", {}, "What is missing"), error.message.split("\n").slice(0, 12).map((line) => h("p", { class: "warning amber" }, lines(line))));
    }
    beside.classList.remove("waiting");
  }, 200);

  // The table's baths as they are, without what was measured.
  async function fromTable() {
    const at = known.columns.map((one) => one.name || one.own), wanted = header.map((name) => at.indexOf(name));
    if (!known.ok || wanted[header.indexOf("K_o_mM")] < 0) throw new Error("The table's baths cannot be taken as they stand; type them.");
    const body = known.cells.slice(known.header + 1).filter((row) => row.some(Boolean)).slice(0, 500);
    await put([header, ...body.map((row) => wanted.map((c) => (c < 0 ? "" : row[c] ?? "")))]);
  }

  fill(page, h("h1", {}, "Plan"), h("p", {}, "What would a series of baths pin down, before any cell is patched? The law, ions and inside concentrations are those of the ",
    h("a", { href: `#/${S.one.id}/question` }, "question"), "."),
  h("div", { class: "two" }, h("section", {}, grid.node, h("p", { class: "what" }, "One recording a row. pump: on or blocked. Recordings of one cell have the same name under cell."), h("div", { class: "buttons" },
    h("button", { type: "button", onclick: doing(fromTable) }, "Start from the table's baths"),
    h("button", { type: "button", onclick: doing(() => put([rows[0]])) }, "Clear"))), beside));
  draw();
  look();
}
