// Runs: start, progress, cancel, and what the results folder says.

import { ask, doing, fill, h, mark, paragraphs, save, table, toCopy } from "./base.js";
import { S, change, onprogress, pollNow, progressText } from "./main.js";

const HOW = { done: "good", running: "amber", failed: "bad", cancelled: "amber", interrupted: "amber" };

export async function begin(given) {
  await change("/run", given);
  S.chosen = null;
  await pollNow();
}

// The run under way, with its bar; or nothing.
export function under(box) {
  const draw = () => {
    const run = S.running;
    for (const button of box.parentNode.querySelectorAll(".starts")) button.disabled = Boolean(run);
    if (!run) { fill(box); return; }
    const here = run.analysis === S.one?.id;
    if (box.dataset.run !== run.name || !box.firstChild) {
      box.dataset.run = run.name;
      fill(box, h("div", { class: "card" }, h("h2", {}, here ? `Running: ${run.name}` : `Running: ${run.name} of ${run.analysis}`),
        h("progress", { max: 1, "aria-label": "Progress" }), h("p", { class: "said" }),
        h("button", { type: "button", onclick: doing(async () => { await ask("cancel"); await pollNow(); }) }, "Cancel")));
    }
    const bar = box.querySelector("progress");
    if (run.of) bar.value = (0.9 * run.done) / run.of;
    box.querySelector(".said").replaceChildren(progressText(run));
  };
  draw();
  return draw;
}

export async function fit(page) {
  await runs(page, {
    title: "Fit", wanted: (run) => run.argv[0] === "fit" || run.argv.includes("--by"),
    top: (start) => {
      const figure = h("input", { type: "text", id: "figure", placeholder: "svg,pdf", size: 8 });
      return [toCopy(S.one.command), h("div", { class: "buttons" },
        h("button", { type: "button", class: "primary big starts", id: "start", onclick: doing(() => start({ figure: figure.value.trim() })) }, "Fit"),
        h("label", { for: "figure" }, "The figure also as"), figure)];
    },
  });
}

// A page of runs of one kind: how to start one on top, then the chosen run's results.
export async function runs(page, { title, wanted, top }) {
  const box = h("div", { class: "under" }), list = h("div", { class: "runs" }), result = h("div", { class: "result" });
  const head = h("div", {});
  fill(page, h("h1", {}, title), head, box, list, result);
  const own = () => S.one.runs.filter(wanted);
  const start = async (given) => { await begin(given); lists(); draw(); };
  fill(head, top(start));
  const draw = under(box);

  function lists() {
    const all = own();
    const chosen = all.find((run) => run.name === S.chosen) ?? all.find((run) => run.state !== "running") ?? null;
    fill(list, all.length > 1 ? h("div", { class: "tabs", role: "group", "aria-label": "Runs" }, all.map((run) => h("button", { type: "button", class: "quiet",
      "aria-pressed": String(run === chosen), onclick: () => { S.chosen = run.name; lists(); } },
      run.name, " ", h("span", { class: `mark ${HOW[run.state]}` }, run.state)))) : null);
    if (chosen && chosen.state !== "running") return show(result, chosen, start);
    fill(result);
    return Promise.resolve();
  }
  lists();
  onprogress((before) => {
    if (!page.isConnected) return false;
    draw();
    if (before && !S.running) lists().then(() => {  // what one waited for is read out, and in sight
      if (!result.firstElementChild) return;
      result.firstElementChild.tabIndex = -1;
      result.firstElementChild.focus();
    });
    return true;
  });
}

async function show(result, run, start) {
  if (run.state !== "done") {
    fill(result, h("div", { class: "warning amber" }, h("h2", {}, `${run.name}: ${run.state}`),
      run.said.trim().split("\n").map((line) => h("p", {}, line)),
      h("div", { class: "buttons" }, h("a", { class: "button", href: `#/${S.one.id}/question` }, "Change the question"), h("button", { type: "button", onclick: doing(() => start(Object.fromEntries(Object.entries({
        by: run.argv[0] === "compare" && at(run.argv, "--by"), laws: at(run.argv, "--laws") }).filter(([, x]) => x)))) }, "Start it again"))), toCopy(run.command));
    return;
  }
  const now = `${S.one.id}/${run.name}`, url = (name) => `/file/${now}/${name}`;
  fill(result, h("p", { class: "faint" }, "Reading the results …"));
  let found;
  try { found = await ask(`a/${S.one.id}/ask/result`, { run: run.name }); } catch (error) {
    fill(result, h("p", { class: "warning bad" }, `✗ ${error.message}`));
    return;
  }
  fill(result, found.kind === "laws" ? laws(found, run) : answer(found, run, url),
    h("section", {}, h("h2", {}, "Take it with you"), h("div", { class: "buttons" },
      h("a", { class: "button", href: `/zip/${now}`, download: `${run.name}.zip` }, "All of it (zip)"),
      found.kind !== "laws" ? [h("a", { class: "button", href: `${url("figure.png")}?download`, download: "figure.png" }, "Figure"),
        h("a", { class: "button", href: `${url("summary.csv")}?download`, download: "summary.csv" }, "Table of parameters"),
        h("button", { type: "button", onclick: () => save("methods.txt", `${found.methods}\n\n${found.bibtex}`) }, "Methods text")] : null,
      h("a", { class: "button", href: `${url("config.toml")}?download`, download: "config.toml" }, "Settings (config.toml)")),
    toCopy(run.command), h("p", { class: "faint" }, `In the folder ${S.one.folder}. It took ${run.seconds.toFixed(1)} s.`)),
    h("details", {}, h("summary", {}, "The whole report"), h("p", {}, h("a", { href: url("report.html"), target: "_blank", rel: "noopener" }, "in a window of its own")),
      h("iframe", { src: url("report.html"), sandbox: true, title: `Report of ${run.name}`, class: "report", loading: "lazy" })));
}

const at = (argv, flag) => argv.includes(flag) ? argv[argv.indexOf(flag) + 1] : "";

const value = (q) => [q.median, q.unit].filter(Boolean).join(" ");

function answer(found, run, url) {
  const grouped = found.answers.some((q) => q.group);
  const rows = (some) => table([["", ...(grouped ? ["group"] : []), "median", found.interval, "meaning"],
    ...some.map((q) => [q.name, ...(grouped ? [q.group] : []), value(q), `${q.lower} to ${q.upper} ${q.unit}`.trim(), q.meaning])], "numbers");
  const sure = found.answers.filter((q) => q.asked && !q.prior), rest = found.answers.filter((q) => !q.asked && !q.prior), unsaid = found.answers.filter((q) => q.prior);
  const bad = found.parts.filter((part) => part.colour === "bad");
  return [
    bad.map((part) => h("div", { class: "warning bad" }, h("b", {}, "✗ ", part.name[0].toUpperCase() + part.name.slice(1), ": ", part.word), paragraphs(part.sentences.slice(0, 3)))),
    h("section", { class: "answer" }, h("h2", {}, "Answer"), h("p", { class: "faint" }, `${found.law}: ${found.summary}; ${found.rows} rows.`),
      !found.believable ? h("p", { class: "warning bad" }, "✗ There is none: the sampling fell short.") : [
        found.differences ? [h("p", { class: "lead" }, found.differences[1]), paragraphs([found.differences[0]]), h("ul", {}, found.differences.slice(2).map((one) => h("li", {}, one)))] : null,
        sure.length ? rows(sure) : found.differences ? null : h("p", {}, "The recordings answer none of the questions that were asked."),
        rest.length ? h("details", {}, h("summary", {}, "Beside that"), rows(rest)) : null,
        unsaid.length ? h("details", {}, h("summary", {}, `The recordings do not say: ${[...new Set(unsaid.map((q) => q.name))].join(", ")}`),
          h("p", {}, "What stands here is largely the prior."), rows(unsaid)) : null]),
    h("section", { class: "verdict" }, h("h2", {}, "May it be believed?"), paragraphs(found.cautions, "warning amber"),
      h("div", { class: "cards" }, found.parts.map((part) => h("div", { class: `card ${part.colour}` },
        h("h3", {}, part.name[0].toUpperCase() + part.name.slice(1), " ", mark(part)), paragraphs(part.sentences))))),
    h("section", {}, h("h2", {}, "Figure"), h("img", { class: "figure", src: url("figure.png"), alt: `V_m against K_o: recordings and ${found.law}, median and ${found.interval}` }),
      h("p", {}, h("a", { class: "button", href: `#/${S.one.id}/explore` }, "Explore it with sliders"))),
    found.robustness.length ? h("details", {}, h("summary", {}, "What the answers rest on, line by line"), table(found.robustness, "numbers")) : null,
    found.table ? h("details", {}, h("summary", {}, "Every difference, as numbers"), table(found.table, "numbers")) : null,
    h("details", {}, h("summary", {}, "Decided for you"), paragraphs(found.notes)),
  ];
}

function laws(found, run) {
  const said = run.printed.split("\n\n").slice(1).join("\n").split("\n").filter(Boolean);
  return h("section", { class: "answer" }, h("h2", {}, "Laws compared"), paragraphs(said), table(found.table, "numbers"),
    h("p", { class: "faint" }, "elpd is how well a law predicts what was left out: a row, or a whole cell. Differences within two standard errors (dse) decide nothing."));
}
