// The table: its cells with faults marked, what its columns are taken for, what was repaired; edits go to a copy.

import { ask, doing, fill, h, lines, paragraphs, trouble } from "./base.js";
import { field } from "./fields.js";
import { Grid } from "./grid.js";
import { S, change, keep, set } from "./main.js";

const ASKED_ELSEWHERE = ["columns", "blocked", "where"];
const BLANK = 5;  // rows to type into below the last

export async function tablePage(page) {
  const summary = h("div", { class: "summary", role: "status" }), notes = h("div", { class: "notes" }), settings = h("div", { class: "fields" });
  const where = h("p", { class: "where", "aria-live": "polite" });
  let now = null, undo = [];  // what the cells held before each edit
  const grid = new Grid({
    label: "The table. Arrow keys move, Enter edits, paste takes cells from a spreadsheet.",
    onedit: (changes) => { undo.push(changes.map(([r, c]) => [r, c, now.cells[r]?.[c] ?? ""])); return edit(changes); },
    onundo: () => edit(undo.pop() ?? []),
    onmove: (r, c, wrong) => fill(where, now && wrong ? [h("span", { class: "mark bad" }, "✗"), ` Row ${r + 1}: `, lines(wrong)] : ""),
  });
  const edited = h("div", { class: "buttons" });

  async function edit(changes) {
    if (!changes.length) return;
    let wrong = null;
    await change("/edit", { changes }).catch((error) => { wrong = error; });
    await read();
    if (wrong) trouble(wrong);
  }

  async function read() {
    try {
      now = await ask(`a/${S.one.id}/ask/table`);
      trouble();
    } catch (error) {
      grid.node.hidden = true;
      fill(summary, h("a", { class: "button", href: "#/" }, "Take another file"));
      fill(settings, forms());
      return trouble(error);
    }
    grid.node.hidden = false;
    const marks = new Map();
    for (const { row, place, text } of now.faults) {
      const r = row ? row - 1 : now.header, key = `${r},${place}`;
      if (row || place >= 0) marks.set(key, marks.has(key) ? `${marks.get(key)}\n${text}` : text);
    }
    const columns = 1 + Math.max(now.columns.length, ...now.cells.slice(0, 300).map((row) => row.length));
    const below = now.rows > now.cells.length ? 0 : BLANK;
    grid.show({ cells: [...now.cells, ...Array.from({ length: below }, () => [])], marks, header: now.header, columns,
      heads: Array.from({ length: columns }, (_, c) => head(now.columns[c], c)) });
    fill(settings, forms());
    say();
  }

  // What a column is taken for, to be changed.
  function head(column, c) {
    if (!column) return h("div", {});
    const { own, name, certain, given, unit } = column;
    const select = h("select", { "aria-label": `Column ${own || c + 1} is read as`, class: name && !certain ? "asked" : "", onchange: doing((e) => map(own, e.target.value)) },
      h("option", { value: "" }, own ? "own label" : "–"),
      S.offered.columns.map((one) => h("option", { value: one.name, title: one.meaning }, one.name)));
    select.value = name && (certain || given) ? name : "";
    const state = !name || given ? "" : certain ? "guessed" : "is it?";
    return h("div", {}, select, h("small", {}, !certain && name
      ? h("button", { type: "button", class: "setting", onclick: doing(() => map(own, name)) }, `it is ${name}`)
      : [state && h("span", { class: "amber" }, `? ${state}`), unit && ` from ${unit}`]));
  }

  async function map(own, name) {
    if (!own) return;
    const pairs = (S.one.settings.columns ?? []).filter((pair) => pair.slice(pair.indexOf("=") + 1) !== own && pair.slice(0, pair.indexOf("=")) !== name);
    const found = now.columns.find((one) => one.own === own);
    if (!name && found.name && !pairs.some((pair) => pair.endsWith(`=${own}`))) {
      if (found.given && own !== found.name) { await set("columns", pairs); return read(); }
      const at = now.columns.indexOf(found);  // a header that would be taken for a column is renamed, on the copy
      return edit([[now.header, at, `${own} label`]]);
    }
    await set("columns", name && name !== own ? [...pairs, `${name}=${own}`] : pairs);
    await read();
  }

  const guessed = () => now.columns.filter((one) => one.own && one.name && one.certain && !one.given);

  async function confirm() {
    await set("columns", [...(S.one.settings.columns ?? []), ...guessed().map((one) => `${one.name}=${one.own}`)]);
    await read();
  }

  function say() {
    if (!now.ok && now.cells.every((row, r) => r === now.header || !row.some(Boolean))) {
      fill(summary, "Click a cell and type, or paste cells of a spreadsheet (Ctrl+V), with its header or below this one.");
      return fill(notes);
    }
    const n = now.faults.length, copy = S.one.data !== S.one.original;
    const open = guessed();
    fill(summary,
      now.ok ? h("span", { class: "mark good" }, `✓ ${now.understood} potentials understood`) : h("span", { class: "mark bad" }, `✗ ${n} ${n === 1 ? "fault" : "faults"}`),
      open.length && now.ok ? h("span", { class: "confirm" }, h("span", { class: "mark amber" }, `? ${open.length} ${open.length === 1 ? "column is" : "columns are"} guessed`), " ",
        h("button", { type: "button", class: "primary", onclick: doing(confirm) }, "These columns are right")) : null,
      now.ok && !open.length ? h("a", { class: "button primary", href: `#/${S.one.id}/question` }, "On to the question") : null);
    const goTo = ({ row, place }) => { grid.go(row ? row - 1 : now.header, Math.max(place, 0)); grid.node.focus(); };
    fill(notes,
      n ? [h("h2", {}, "Faults"), h("ul", { class: "faults" }, now.faults.slice(0, 200).map((fault) => h("li", {},
        fault.row || fault.place >= 0 ? h("button", { type: "button", class: "quiet", onclick: () => goTo(fault) },
          [fault.row && `row ${fault.row}`, fault.column].filter(Boolean).join(", ")) : h("b", {}, fault.column), " ", lines(fault.text)))),
      n > 200 ? h("p", {}, `… and ${n - 200} more.`) : null] : null,
      now.repairs.length ? [h("h2", {}, "Repaired on reading"), h("ul", {}, now.repairs.map((one) => h("li", {}, lines(one))))] : null,
      now.cautions.length ? [h("h2", {}, "To know"), paragraphs(now.cautions)] : null,
      now.rows > now.cells.length ? h("p", {}, `The first ${now.cells.length} of ${now.rows} rows are shown; all are read.`) : null);
    fill(edited, h("span", { class: "faint" }, copy ? `Edited copy ${S.one.data} (Ctrl+Z takes the last edit back); ${S.one.original} is as it was.` : "Edits go to a copy (Ctrl+Z takes the last back); the original stays as it is."),
      copy ? [h("a", { class: "button", href: `/file/${S.one.id}/${encodeURIComponent(S.one.data)}?download`, download: S.one.data }, "Save the copy"),
        h("button", { type: "button", onclick: doing(async () => { undo = []; await keep({ original: true }); await read(); }) }, "Back to the original")] : null);
  }

  const forms = () => S.offered.settings.filter((one) => one.group === "table" && !ASKED_ELSEWHERE.includes(one.name)).map((one) => field(one, read));

  fill(page, h("h1", {}, "Table"), summary, grid.node, where, edited, notes,
    h("details", {}, h("summary", {}, "How the table is read"), h("p", { class: "faint" }, "Leave empty what is recognised rightly."), settings));
  await read();
}
