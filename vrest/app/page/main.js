// Which page is shown: #/ is the list of analyses, #/learn for students, #/ID/PAGE one of an analysis.

import { $, ask, fill, h, told, trouble } from "./base.js";
import { start } from "./start.js";
import { tablePage } from "./table.js";
import { question } from "./question.js";
import { fit } from "./fit.js";
import { explorePage } from "./explore.js";
import { planPage } from "./plan.js";
import { compare } from "./compare.js";
import { learn } from "./learn.js";

const PAGES = { table: ["Table", tablePage], question: ["Question", question], fit: ["Fit", fit], explore: ["Explore", explorePage],
  compare: ["Compare", compare], plan: ["Plan", planPage] };

// What every page may use and change; `one` is the analysis as the server tells it.
export const S = { offered: null, one: null, running: null, instance: "", ended: [] };

told.use = (name, value) => {
  S.wanted = { name, value };
  const place = ["inside", "ions", "law", "by", "options", "preset", "blocked", "where", "priors", "reference"].includes(name)
    || told.settings[name]?.group !== "table" ? "question" : "table";
  if (location.hash === `#/${S.one?.id}/${place}`) show();
  else if (S.one) location.hash = `#/${S.one.id}/${place}`;
};

// What changes the analysis goes to the server one at a time, in the order given; only the answer to the last is the page's,
// so that nothing undoes what was set while it was under way.
let queue = Promise.resolve(), sent = 0;
export function change(path, given = {}) {
  const id = S.one.id, mine = ++sent;
  const done = queue.then(async () => {
    const one = await ask(`a/${id}${path}`, given);
    if (S.one?.id === id && mine === sent) S.one = one;
  });
  queue = done.catch(() => {}); // whoever asked is told; the next is sent all the same
  return done;
}

// What could not be kept is not shown as if it were.
export const keep = (changes) => change("/save", changes).catch(async (error) => {
  S.one = await ask(`a/${S.one.id}`);
  await show();
  throw error;
});

export function set(name, value) {
  S.one.settings = { ...S.one.settings, [name]: value };
  return keep({ settings: { [name]: value } });
}

let shown = 0;
async function show() {
  const mine = ++shown;
  const [id, page] = location.hash.replace(/^#\/?/, "").split("/");
  trouble();
  try {
    if (id && id !== "learn" && S.one?.id !== id) S.one = await ask(`a/${encodeURIComponent(id)}`);
    else if (!id) S.offered = { ...S.offered, ...(await ask("start")) };
  } catch (error) {
    if (id) {
      history.replaceState(null, "", "#/");
      await show();
    }
    return trouble(error);
  }
  if (mine !== shown) return;
  const name = id === "learn" ? "learn" : id ? (PAGES[page] ? page : "table") : "";
  bar(id, name);
  document.title = name ? `${PAGES[name]?.[0] ?? "Learn"} · vrest` : "vrest";
  const main = $("main");
  const fresh = h("div", { class: `page ${name || "start"}` });
  fill(main, fresh);
  try {
    await (name === "learn" ? learn : name ? PAGES[name][1] : start)(fresh);
    const heading = fresh.querySelector("h1");
    if (heading && mine === shown && !S.wanted) { heading.tabIndex = -1; heading.focus({ preventScroll: true }); }
  } catch (error) {
    trouble(error);
  }
}

function bar(id, name) {
  const link = (to, text, here) => h("a", { href: `#/${to}`, "aria-current": here ? "page" : null }, text);
  const one = id ? S.one?.id : null;  // the page for students leads back to the analysis that one came from
  fill($("which"), one ?? "");
  fill($("pages"), one ? Object.entries(PAGES).map(([key, [text]]) => link(`${one}/${key}`, text, key === name)) : null,
    link("learn", "Learn", name === "learn"));
}

const clock = (s) => (s < 90 ? `${Math.round(s)} s` : `${Math.round(s / 60)} min`);

export function progressText(run) {
  if (!run.of) return `${clock(run.seconds)}: reading the table and preparing the law`;
  if (run.done >= run.of) return `${clock(run.seconds)}: sampled; now the checks, what the answers rest on, and the report`;
  const share = run.done / run.of, left = share > 0.05 ? `, about ${clock((run.at / share) * (1 - share))} of sampling left` : "";
  return `${clock(run.seconds)}: ${Math.round(100 * share)} % of ${run.of} ${run.what}${left}`;
}

const watchers = new Set();
export const onprogress = (watch) => { watchers.add(watch); };

async function poll() {
  let wait = 15000;
  try {
    const now = await ask("progress");
    if (S.instance && now.instance !== S.instance) { location.reload(); return; }
    S.instance = now.instance;
    const before = S.running;
    S.running = now.running;
    if (now.running) wait = 250;
    strip();
    if (before && (!now.running || now.running.name !== before.name)) {
      if (S.one?.id === before.analysis) await change("");
      strip(before);
    }
    for (const watch of [...watchers]) if (!watch(before)) watchers.delete(watch);
  } catch (error) {
    trouble(error);
  }
  clearTimeout(poll.timer);
  poll.timer = setTimeout(poll, wait);
}
export const pollNow = () => { clearTimeout(poll.timer); return poll(); };

const place = (run) => `#/${run.analysis}/${run.command === "compare" ? "compare" : "fit"}`;

function strip(ended) {
  const run = S.running, box = $("running"), away = !location.hash.endsWith("/fit") && !location.hash.endsWith("/compare");
  if (run && away) {
    const href = place(run);
    if (box.dataset.run !== run.name) fill(box, h("p", { class: "strip" }, h("a", { href }, `Fit ${run.name} is running`), " ", h("span", { "aria-hidden": "true" })));
    box.dataset.run = run.name;
    box.querySelector("span")?.replaceChildren(progressText(run));
  } else if (!run || !away) {
    if (ended && away && S.one?.id === ended.analysis) {
      const how = S.one.runs.find((one) => one.name === ended.name)?.state ?? "ended";
      fill(box, h("p", { class: "strip" }, h("a", { href: place(ended) }, `Fit ${ended.name}: ${how}`)));
    } else if (run || box.dataset.run) fill(box);
    delete box.dataset.run;
  }
}

async function boot() {
  try {
    S.offered = await ask("start");
  } catch (error) {
    fill($("main"));
    trouble(error);
    return;
  }
  told.settings = Object.fromEntries(S.offered.settings.map((one) => [one.name, one]));
  addEventListener("hashchange", show);
  await show();
  poll();
}
boot();
