// A setting as a field: its label, its meaning, its flag, and what has been set.

import { doing, h } from "./base.js";
import { S, set } from "./main.js";

const spoken = (name) => ({ temperature_C: "Temperature, where the table has none (°C)", blocked: "Rows with the pump blocked",
  where: "Only these rows", preset: "Kind of cell" })[name]
  ?? name.replace(/^(K|Na|Cl|Ca|Mg|HCO3)_o_mM$/, "$1 outside, for the whole table (mM)").replaceAll("_", " ").replace(/^./, (c) => c.toUpperCase());

export function field(setting, after) {
  const { name, form, meaning, flag, choices } = setting;
  const value = S.one.settings[name], id = `set-${name}`;
  const wanted = S.wanted?.name === name ? S.wanted : null;
  const put = (x) => doing(async () => {
    const wrong = form === "number" && unfit(setting, x);
    control.setAttribute("aria-invalid", String(Boolean(wrong)));
    if (wrong) throw new Error(`${spoken(name)}: ${x} is not ${wrong}.`);
    await set(name, x);
    await after?.(name);
  })();
  const described = { id, "aria-describedby": `${id}-what` };
  let control;
  if (form === "yes") control = h("input", { type: "checkbox", checked: Boolean(value), ...described, onchange: (e) => put(e.target.checked) });
  else if (form === "choice") {
    control = h("select", { ...described, onchange: (e) => put(e.target.value) },
      h("option", { value: "" }, "(default)"), choices.filter(Boolean).map((one) => h("option", { value: one }, one)));
    control.value = value ?? "";
  } else {
    const text = wanted && wanted.value !== "" ? written(wanted.value) : Array.isArray(value) ? value.join("; ") : value ?? "";
    control = h("input", { type: "text", inputmode: form === "number" ? "decimal" : null, value: text, ...described, placeholder: setting.metavar === "QUERY" ? null : setting.metavar,
      autocomplete: "off", spellcheck: "false",
      onchange: (e) => put(form === "several" ? e.target.value.split(";").map((x) => x.trim()).filter(Boolean) : e.target.value.trim()) });
    control.addEventListener("keydown", (e) => { if (e.key === "Enter") put(form === "several" ? control.value.split(";").map((x) => x.trim()).filter(Boolean) : control.value.trim()); });
  }
  const node = h("div", { class: `field ${form}` }, h("label", { for: id }, spoken(name)), control,
    h("p", { class: "what", id: `${id}-what` }, meaning, form === "several" ? " Several are parted by semicolons." : "", " ", h("code", {}, flag),
      wanted && wanted.value !== "" ? h("b", {}, " Press Enter to take it.") : null));
  if (wanted) {
    delete S.wanted;
    setTimeout(() => {
      const details = node.closest("details");
      if (details) details.open = true;
      control.focus();
      control.select?.();
      node.scrollIntoView({ block: "center" });
    });
  }
  return node;
}

// What a number has to be, where the text is not that.
function unfit({ whole, low, high }, text) {
  const x = Number(text);
  if (text === "" || ((whole ? Number.isInteger(x) : Number.isFinite(x)) && x >= (low ?? -Infinity) && x <= (high ?? Infinity))) return "";
  const ends = [low === null ? "" : ` from ${low}`, high === null ? "" : ` to ${high}`].join("");
  return `a ${whole ? "whole " : ""}number${ends}`;
}

const written = (value) => typeof value !== "object" ? String(value)
  : Array.isArray(value) ? value.join(",") : Object.entries(value).map(([a, b]) => `${a}=${b}`).join("; ");

export const named = (...names) => names.map((name) => S.offered.settings.find((one) => one.name === name));
