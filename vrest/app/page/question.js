// What is asked: law, ions, inside, groups, options; beside it what the table can be expected to tell, before anything runs.

import { ask, doing, fill, h, latest, lines, mark, paragraphs, sentence, table, toCopy, trouble } from "./base.js";
import { field, named } from "./fields.js";
import { S, keep, set } from "./main.js";

const OWN = ["law", "ions", "inside", "by", "options"], FIRST = ["blocked", "where", "preset", "robust"];

// K=140+-10,Na=12,Cl=passive as an object, and back.
const parsed = (text) => Object.fromEntries((text ?? "").split(",").filter((p) => p.includes("=")).map((p) => p.split("=").map((x) => x.trim())));
const joined = (inside) => Object.entries(inside).filter(([, x]) => x).map(([ion, x]) => `${ion}=${x}`).join(",");

export async function question(page) {
  const beside = h("section", { class: "beside", "aria-label": "What to expect", "aria-live": "polite" }), form = h("div", { class: "form" });
  let known = null;
  try { known = await ask(`a/${S.one.id}/ask/table`); } catch (error) { trouble(error); }

  const look = latest(async () => {
    beside.classList.add("waiting");
    try {
      const found = await ask(`a/${S.one.id}/ask/check`);
      fill(beside, h("h2", {}, "What to expect"), h("p", {}, `${found.rows} rows, ${found.conditions} distinct conditions, ions ${found.ions.join(", ")}.`),
        h("p", {}, mark(found.mark)), paragraphs(found.sentences),
        table([["", "before", "expected", "learned"], ...found.expected.map((q) => [q.parameter, q.before, q.after, `${Math.round(100 * Math.max(q.contraction, 0))} %`])], "numbers"),
        h("p", { class: "faint" }, "“Before” is what the prior allows, “expected” what these conditions would leave of it, averaged over the priors: nothing has been sampled. ± is one sd; x/÷ is a factor."),
        h("details", {}, h("summary", {}, "Decided for you"), paragraphs([...found.notes, ...found.said])),
        h("a", { class: "button primary", href: `#/${S.one.id}/fit` }, "On to the fit"));
    } catch (error) {
      fill(beside, h("h2", {}, "What is missing"), error.message.split("\n").slice(0, 12).map((line) => h("p", { class: "warning amber" }, lines(line))));
    }
    beside.classList.remove("waiting");
  }, 250);

  const typed = h("div", {});
  const changed = (name) => { if (["law", "ions"].includes(name)) draw(); else fill(typed, toCopy(S.one.command)); look(); };
  const put = (name, value) => doing(async () => { await set(name, value); await changed(name); })();

  function laws() {
    const chosen = S.one.settings.law || "ghk-pump";
    return h("fieldset", {}, h("legend", {}, "Law of the membrane"), S.offered.laws.map((law) => h("label", { class: "choice" },
      h("input", { type: "radio", name: "law", value: law.name, checked: law.name === chosen, onchange: () => put("law", law.name === "ghk-pump" ? "" : law.name) }),
      h("span", {}, h("b", {}, law.name), ` ${law.summary}`))));
  }

  const law = () => S.offered.laws.find((one) => one.name === (S.one.settings.law || "ghk-pump"));
  const outside = () => known?.outside ?? ["K", "Na", "Cl"];
  const first = () => (known?.outside ?? ["K", "Na", "Cl"]).filter((ion) => ["K", "Na", "Cl"].includes(ion));
  const usable = (ion) => !law().only.length || law().only.includes(ion);

  function ions() {
    const chosen = S.one.settings.ions ? S.one.settings.ions.split(",") : first();
    return h("fieldset", {}, h("legend", {}, "Ions, and what is inside the cell (mM)"),
      h("p", { class: "what" }, "Inside as mean ± how sure you are (one sd); leave ± empty only for what is known exactly. An ion that is passive follows V_m, as chloride does in many cells."),
      outside().map((ion) => {
        const given = parsed(S.one.settings.inside)[ion] ?? parsed(known?.assumed)[ion] ?? "", on = chosen.includes(ion) && usable(ion);
        const [mean, sd] = given === "passive" ? ["", ""] : given.split("+-");
        const note = () => {
          const text = passive?.checked ? "passive" : value.value.trim() && `${value.value.trim()}${error.value.trim() && `+-${error.value.trim()}`}`;
          value.disabled = error.disabled = Boolean(passive?.checked);
          put("inside", joined({ ...parsed(known?.assumed), ...parsed(S.one.settings.inside), [ion]: text }));
        };
        const box = (text, what) => h("input", { type: "text", inputmode: "decimal", size: 6, value: text ?? "", disabled: given === "passive", id: `inside-${ion}-${what}`, "aria-label": `${ion} inside, ${what}, mM`, onchange: note });
        const value = box(mean, "mean"), error = box(sd, "uncertainty");
        const passive = ion === "K" ? null : h("input", { type: "checkbox", checked: given === "passive", onchange: note });
        const use = h("input", { type: "checkbox", checked: on, disabled: !usable(ion) || ion === "K", onchange: (e) => {
          const now = outside().filter((one) => (one === ion ? e.target.checked : chosen.includes(one)));
          put("ions", now.join() === first().join() ? "" : now.join(","));
        } });
        return h("div", { class: "ion" }, h("label", {}, use, h("b", {}, ion)), on ? [value, "±", error,
          passive ? h("label", {}, passive, "passive") : h("span"),
          h("span", { class: "faint" }, S.offered.typical[ion] ? `usually ${S.offered.typical[ion].replace(`${ion}=passive`, "passive")}` : "")] : h("span", { class: "faint" }, usable(ion) ? "left out" : "not in this law"));
      }));
  }

  function groups() {
    const labels = known?.labels?.filter((one) => one !== "cell" && one !== "solution") ?? [], found = known?.groups ?? {};
    const select = h("select", { id: "set-by", onchange: (e) => put("by", e.target.value) }, h("option", { value: "" }, "all cells together"),
      labels.map((one) => h("option", { value: one }, found[one] ? `${one}: ${found[one].join(", ")}` : one)));
    select.value = S.one.settings.by ?? "";
    return h("div", { class: "field" }, h("label", { for: "set-by" }, "Groups of cells"), select,
      h("p", { class: "what" }, told("by").meaning, " ", h("code", {}, "--by")));
  }

  function options() {
    const chosen = S.one.settings.options ?? [];
    return law().options.length ? h("fieldset", {}, h("legend", {}, "Additions to the law"), law().options.map((name) => h("label", { class: "choice" },
      h("input", { type: "checkbox", checked: chosen.includes(name), onchange: (e) => put("options", e.target.checked ? [...chosen, name] : chosen.filter((x) => x !== name)) }),
      h("span", {}, h("b", {}, name), ` ${S.offered.options[name]}`)))) : null;
  }

  const told = (name) => S.offered.settings.find((one) => one.name === name);

  function draw() {
    const later = S.offered.settings.filter((one) => one.group !== "table" && ![...OWN, ...FIRST].includes(one.name));
    const more = h("textarea", { rows: 4, id: "more", spellcheck: "false", placeholder: '[priors]\n"P_Na/P_K" = "LogNormal(log 0.02, 0.5)"',
      onchange: doing(async (e) => { await keep({ more: e.target.value }); changed("more"); }) });
    more.value = S.one.more;
    fill(form, laws(), ions(), groups(), named(...FIRST).map((one) => field(one, changed)), options(),
      h("details", {}, h("summary", {}, "More settings"), later.map((one) => field(one, changed)),
        h("div", { class: "field" }, h("label", { for: "more" }, "Settings without a field: priors, reference, vary, spread, offset"), more,
          h("p", { class: "what" }, "Lines as in config.toml."))),
      typed);
    fill(typed, toCopy(S.one.command));
    const empty = [...form.querySelectorAll(".ion input")].find((box) => box.type === "text" && !box.value && !box.disabled)?.id;
    const wanted = S.wanted && form.querySelector({ inside: empty ? `#${empty}` : ".ion input[type=text]", law: "[name=law]:checked", ions: ".ion input", by: "#set-by", options: ".choice input[type=checkbox]" }[S.wanted.name] ?? "#more");
    if (wanted) { delete S.wanted; setTimeout(() => { const d = wanted.closest("details"); if (d) d.open = true; wanted.focus(); wanted.scrollIntoView({ block: "center" }); }); }
  }

  fill(page, h("h1", {}, "Question"), known && !known.ok ? h("p", { class: "warning bad" }, "✗ The table still has faults: ",
    h("a", { href: `#/${S.one.id}/table` }, "mend them first"), ".") : null, h("div", { class: "two" }, form, beside));
  draw();
  look();
}
