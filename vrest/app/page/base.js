// What every page uses: elements, questions to the server, sentences with settings in them.
// Text is only ever set as text, so that no name in a table can become anything else.

export function h(tag, props = {}, ...children) {
  const svg = ["svg", "path", "line", "circle", "rect", "text", "g", "clipPath", "title", "defs"].includes(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "disabled" || name === "hidden") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const fill = (node, ...children) => node.replaceChildren(...children.flat(Infinity).filter((c) => c || c === 0));

export const $ = (id) => document.getElementById(id);

const GONE = "vrest app does not answer: it has ended. Start it again with the command vrest app; nothing is lost.";

export async function ask(path, body = {}, raw = false) {
  let answer;
  try {
    answer = await fetch(`/api/${path}`, {
      method: "POST",
      body: raw ? body : JSON.stringify(body),
      headers: { "Content-Type": raw ? "application/octet-stream" : "application/json" },
    });
  } catch {
    throw new Error(GONE);
  }
  if (answer.status === 401) throw new Error("vrest app was started anew: open the address that it printed.");
  const text = await answer.text();
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    throw new Error(answer.ok ? GONE : text.slice(0, 300));
  }
  if (found.nonce) told.nonce = found.nonce;
  if (found.error) throw new Error(found.error);
  return found;
}

export function trouble(error) {
  const box = $("trouble");
  if (!error) return fill(box);
  if (!(error instanceof Error)) error = new Error(String(error));
  fill(box, h("p", { class: "warning bad" }, h("b", {}, "✗ "), lines(error.message),
    h("button", { class: "quiet", onclick: () => fill(box), "aria-label": "Close this message" }, "Close")));
}

// Runs what a button does: says what went wrong, and lets nobody press twice.
export const doing = (work) => async (event) => {
  const button = event?.currentTarget;
  if (button?.disabled) return;
  trouble();
  if (button && "disabled" in button) button.disabled = true;
  try {
    await work(event);
  } catch (error) {
    trouble(error);
  } finally {
    if (button && "disabled" in button) button.disabled = false;
  }
};

// Only the latest of many calls is answered, one at a time: for sliders and for what is typed.
export function latest(work, wait = 0) {
  let busy = false, next = null, timer = 0;
  const go = async () => {
    if (busy || !next) return;
    const given = next;
    next = null;
    busy = true;
    try {
      await work(...given);
    } catch (error) {
      trouble(error);
    } finally {
      busy = false;
      if (next) go();
    }
  };
  return (...given) => {
    next = given;
    clearTimeout(timer);
    if (wait) timer = setTimeout(go, wait);
    else go();
  };
}

export const told = { nonce: "", settings: {}, use: () => {} };

// A sentence of the worker's: settings named in it become buttons that lead to their fields.
export function sentence(text) {
  if (!told.nonce) return [text];
  return text.split("⟦").map((part, i) => {
    const end = part.indexOf("⟧");
    if (i === 0) return part;
    if (!part.startsWith(told.nonce) || end < 0) return `⟦${part}`;
    const [name, value] = JSON.parse(part.slice(told.nonce.length, end));
    const flag = told.settings[name]?.flag ?? name;
    const shown = value === "" || value === true ? "" : typeof value === "object" && !Array.isArray(value)
      ? ` ${Object.entries(value).map(([a, b]) => `${a}=${b}`).join(" ")}` : ` ${value}`;
    return [h("button", { class: "setting", type: "button", title: "Go to this setting", onclick: () => told.use(name, value) },
      `${flag}${shown}`), part.slice(end + 1)];
  });
}

export const lines = (text) => text.split("\n").map((line, i) => [i ? h("br") : null, sentence(line)]);

export const paragraphs = (sentences, kind = "") => sentences.map((one) => h("p", { class: kind }, sentence(one)));

export function table(rows, kind = "") {
  if (!rows.length) return null;
  const [head, ...body] = rows;
  return h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Table" }, h("table", { class: kind },
    h("thead", {}, h("tr", {}, head.map((cell) => h("th", { scope: "col" }, cell)))),
    h("tbody", {}, body.map((row) => h("tr", {}, row.map((cell, i) => i ? h("td", {}, cell) : h("th", { scope: "row" }, cell)))))));
}

const SIGNS = { good: "✓", amber: "!", bad: "✗" };
export const mark = ({ word, colour }) => h("span", { class: `mark ${colour}` }, `${SIGNS[colour] ?? "?"} ${word}`);

export function toCopy(text, label = "The command that does the same") {
  const button = h("button", { type: "button", class: "quiet", onclick: async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  } }, "Copy");
  return h("div", { class: "command" }, h("span", { class: "faint" }, label), h("code", {}, text), button);
}

export function save(name, text) {
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type: "text/plain" })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export function slider(label, { min, max, value, step = "any", unit = "", log = false, onmove }) {
  const to = (x) => (log ? Math.log(x) : x), from = (x) => (log ? Math.exp(x) : x);
  const shown = (x) => (Math.abs(x) >= 100 ? x.toFixed(0) : Math.abs(x) >= 10 ? x.toFixed(1) : x.toPrecision(3));
  const range = h("input", { type: "range", min: to(min), max: to(max), step: log ? (to(max) - to(min)) / 400 : step,
    "aria-label": `${label}${unit && `, ${unit}`}` });
  const box = h("input", { type: "number", step: "any", "aria-label": `${label}${unit && `, ${unit}`}, typed` });
  const put = (x) => { range.value = to(Math.min(Math.max(x, min), max)); box.value = shown(x); range.setAttribute("aria-valuetext", `${shown(x)} ${unit}`); };
  range.addEventListener("input", () => { const x = from(Number(range.value)); put(x); node.x = x; onmove(x); });
  box.addEventListener("change", () => {
    const x = Number(box.value);
    if (box.value === "" || !Number.isFinite(x) || x < 0 && min >= 0 || log && x <= 0) return put(node.x);
    node.x = x;
    put(x);
    onmove(x);
  });
  const node = h("div", { class: "slider" }, h("span", {}, label), range, box, h("span", { class: "faint unit" }, unit));
  node.x = value;
  node.put = (x) => { node.x = x; put(x); };
  put(value);
  return node;
}
