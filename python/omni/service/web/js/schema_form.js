// A field, or a group of them, for one part of a JSON Schema. It changes the document that it is given.

import { button, element } from "./dom.js";
import { t } from "./texts.js";
import { uuid4 } from "./uuid.js";

const SECRET = "***";
const LONG = 90; // of a description: longer ones are cut at a sentence

export class Field {
  #context; #schema; #owner; #key; #path; #fault = element("p", { class: "fault error", role: "alert" }); #optional;

  // context: {schema: the whole, restart: pointers, fields: Map of pointer -> Field, opened: Set of entries of lists that are
  // shown, streams(), changed(), again()};
  // owner[key] is the value.
  constructor(context, schema, owner, key, path) {
    const { plain, optional } = resolved(schema, context.schema);
    this.#context = context;
    this.#schema = plain;
    this.#optional = optional;
    this.#owner = owner;
    this.#key = key;
    this.#path = path;
    context.fields.set(path, this);
    this.element = this.#made();
  }

  // Says what is wrong with it, where that can be seen; "" takes it back. True: it was said.
  say(message) {
    for (let entry = this.element; message && this.#fault.textContent !== message && (entry = entry.parentElement?.closest("details"));) entry.open = true;
    this.#fault.textContent = message;
    this.element.classList.toggle("wrong", Boolean(message));
    this.element.querySelector("input, select, textarea")?.setAttribute("aria-invalid", String(Boolean(message)));
    return true;
  }

  get #value() { return this.#owner[this.#key]; }

  #set(value) {
    this.#owner[this.#key] = value;
    this.#context.changed();
  }

  #made() {
    const { type, properties, items } = this.#schema;
    const value = this.#value;
    if (type === "object" && properties && value) return this.#group(properties);
    if (type === "array" && Array.isArray(value) && this.#hasEntries(items)) return this.#list(items);
    if (type === "boolean") return this.#check();
    return this.#labelled(this.#input());
  }

  // Corners and point pairs are numbers only: they are drawn elsewhere, and stand here as they are written.
  #hasEntries(items) {
    const { plain } = resolved(items ?? {}, this.#context.schema);
    return isObject(plain) && !Object.values(plain.properties).every((part) => ["number", "array"].includes(resolved(part, this.#context.schema).plain.type));
  }

  #group(properties) {
    const names = Object.keys(properties);
    return element("fieldset", {}, element("legend", { text: this.#label() }), this.#hint(),
      ...names.filter((name) => name in this.#value).map((name) => new Field(this.#context, properties[name], this.#value, name, `${this.#path}/${name}`).element), this.#fault);
  }

  #list(items) {
    const value = this.#value;
    const { opened } = this.#context;
    const add = button(t("settings.add"), () => {
      const made = blank(items, this.#context.schema);
      value.push(made);
      opened.add(made);
      this.#again(`${this.#path}/${value.length - 1}`, "input, select, textarea");
    });
    const entries = value.map((entry, i) => {
      const name = entry.name || entry.id || t("settings.entry", { name: words(String(this.#key)), n: i + 1 });
      const remove = button(t("settings.remove"), () => { value.splice(i, 1); this.#again(this.#path, ":scope > button"); }, { class: "danger", "aria-label": `${t("settings.remove")} ${name}` });
      const toggle = ({ target }) => { if (target.open) opened.add(entry); else opened.delete(entry); };
      return element("details", { class: "entry", open: value.length < 3 || opened.has(entry), on: { toggle } }, element("summary", { text: name }),
        new Field(this.#context, items, value, i, `${this.#path}/${i}`).element, remove);
    });
    return element("fieldset", {}, element("legend", { text: this.#label() }), this.#hint(),
      ...(entries.length ? entries : [element("p", { class: "quiet", text: t("settings.none") })]), add, this.#fault);
  }

  // All is made anew; the focus goes to something of one field.
  #again(path, what) {
    this.#context.again();
    this.#context.fields.get(path)?.element.querySelector(what)?.focus();
  }

  #check() {
    const input = element("input", { type: "checkbox", checked: this.#value === true, name: this.#path, on: { change: () => this.#set(input.checked) } });
    return element("div", { class: "field" }, element("label", { class: "check" }, input, element("span", {}, this.#label(), this.#restart())), this.#hint(), this.#fault);
  }

  #labelled(input) {
    return element("div", { class: "field" }, element("label", {}, element("span", {}, this.#label(), this.#restart()), input), this.#hint(), this.#fault);
  }

  #input() {
    const { type, enum: choices } = this.#schema;
    if (this.#key === "stream_uuid" && !this.#path.startsWith("/streams/")) return this.#choice(this.#context.streams().map(({ stream_uuid: uuid, name }) => [uuid, name]));
    if (choices) return this.#choice(choices.map((choice) => [choice, String(choice)]));
    if (type === "number" || type === "integer") return this.#number(type);
    if (type === "string") return this.#text();
    return this.#json();
  }

  #choice(choices) {
    const all = [...(this.#optional ? [[null, t("settings.optional")]] : []), ...choices];
    if (!all.some(([choice]) => choice === this.#value)) all.push([this.#value, String(this.#value)]);
    const select = element("select", { name: this.#path, on: { change: () => this.#set(all[select.selectedIndex][0]) } },
      ...all.map(([choice, text]) => element("option", { text, selected: choice === this.#value })));
    return select;
  }

  #number(type) {
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = this.#schema;
    const input = element("input", {
      type: "number", name: this.#path, step: type === "integer" ? 1 : "any", min: minimum ?? exclusiveMinimum, max: maximum ?? exclusiveMaximum,
      value: this.#value, placeholder: this.#optional ? t("settings.optional") : "",
      on: { input: () => this.#set(input.value === "" ? null : Number(input.value)) },
    });
    return input;
  }

  #text() {
    const input = element("input", {
      type: "text", name: this.#path, value: this.#value, placeholder: this.#optional ? t("settings.optional") : "", autocomplete: "off", spellcheck: "false",
      on: { input: () => this.#set(input.value === "" && this.#optional ? null : input.value), focus: () => { if (input.value === SECRET) input.select(); } },
    });
    return input;
  }

  #json() {
    const input = element("textarea", { name: this.#path, rows: 2, spellcheck: "false", class: "raw", on: { input: () => {
      try { this.#set(JSON.parse(input.value)); this.say(""); } catch (error) { this.say(t("settings.not_json", { reason: error.message })); }
    } } });
    input.value = JSON.stringify(this.#value ?? null);
    return input;
  }

  #label() { return typeof this.#key === "number" ? t("settings.entry", { name: "", n: this.#key + 1 }).trim() : words(this.#key); }

  #restart() {
    return this.#context.restart.some((path) => this.#path === path) ? element("em", { class: "restart", text: t("settings.restart") }) : null;
  }

  #hint() {
    const text = (this.#schema.description ?? "").split("\n\n")[0].replaceAll("``", "").replace(/\s+/g, " ");
    return text ? element("p", { class: "quiet", text: text.length > 2 * LONG ? `${text.slice(0, 2 * LONG)}\u2026` : text }) : null;
  }
}

function words(name) { return String(name).replaceAll("_", " "); }
function isObject({ type, properties }) { return type === "object" && properties !== undefined; }

// The schema without references, and whether null is taken as well.
function resolved(schema, root) {
  if (schema.$ref) return resolved({ ...root.$defs[schema.$ref.split("/").at(-1)], ...without(schema, "$ref") }, root);
  if (!schema.anyOf) return { plain: schema, optional: false };
  const choices = schema.anyOf.filter(({ type }) => type !== "null");
  const { plain } = resolved(choices.length === 1 ? { ...choices[0], ...without(schema, "anyOf") } : without(schema, "anyOf"), root);
  return { plain, optional: choices.length < schema.anyOf.length };
}

function without(schema, name) { return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== name)); }

// A new entry: defaults where there are some, else something of the kind, to be filled in.
function blank(schema, root) {
  const { plain, optional } = resolved(schema, root);
  if ("default" in plain) return structuredClone(plain.default);
  if (optional) return null;
  if (plain.format === "uuid") return uuid4();
  if (plain.type === "object") return Object.fromEntries(Object.entries(plain.properties ?? {}).map(([name, part]) => [name, blank(part, root)]));
  if (plain.type === "array") return Array.from({ length: plain.minItems ?? 0 }, (_, i) => blank(plain.prefixItems?.[i] ?? plain.items ?? {}, root));
  return { string: plain.enum?.[0] ?? "", number: plain.minimum ?? 0, integer: plain.minimum ?? 0, boolean: false }[plain.type] ?? null;
}
