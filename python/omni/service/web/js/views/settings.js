// All that the configuration has, as forms made from its schema; in safe mode the error and the JSON itself.

import { get, send } from "../api.js";
import { button, element } from "../dom.js";
import { openDraft } from "../draft.js";
import { Field } from "../schema_form.js";
import { t } from "../texts.js";

const GENERAL = "general";
const CHECK_AFTER_MS = 400;

export function mount(root, { live }) {
  const view = new SettingsView(root, live);
  view.read();
  const off = live.on("link", ({ state }) => { if (state === "live" && view.failed) view.read(); });
  const follow = () => view.open(location.hash.split("/")[1]);
  addEventListener("hashchange", follow);
  return () => {
    removeEventListener("hashchange", follow);
    off();
    view.close();
  };
}

class SettingsView {
  failed = false; // it could not be read
  #root; #live; #schema = null; #restart = []; #draft; #section = GENERAL; #fields = new Map(); #opened = new WeakSet(); #timer = 0;
  #links = element("nav", { class: "sections", "aria-label": t("settings.sections") });
  #form = element("section", { class: "panel form" }); #faults = element("p", { class: "error", role: "status" }); #pending = element("p", { class: "pending" });

  constructor(root, live) {
    this.#root = root;
    this.#live = live;
    this.#draft = openDraft(() => this.#show());
  }

  async read() {
    this.failed = false;
    this.#root.replaceChildren(element("p", { class: "empty", text: t("frame.reading") }));
    try {
      const [{ data, etag }, { data: schema }] = await Promise.all([get("config"), get("config/schema")]);
      if (data.problems?.length) {
        this.#root.replaceChildren(safeMode(data, etag));
        return;
      }
      this.#schema = schema;
      this.#restart = data.restart;
      this.#pending.textContent = data.pending_restart.length ? t("settings.pending", { paths: data.pending_restart.join(", ") }) : "";
      const where = data.file ? t("settings.file", { file: data.file }) : t("settings.no_file");
      const side = element("aside", { class: "panel side" }, element("div", { class: "head" }, element("h2", { text: t("settings.title") })),
        this.#links, element("p", { class: "quiet where", text: where }));
      this.#root.replaceChildren(element("div", { class: "page settings" }, side, element("div", { class: "main" }, this.#form,
        element("div", { class: "panel footer" }, this.#pending, this.#faults, this.#draft.element))));
      this.#section = location.hash.split("/")[1] || GENERAL;
      await this.#draft.read();
    } catch (error) {
      this.failed = true;
      this.#root.replaceChildren(element("p", { class: "empty error", text: error.message }));
    }
  }

  close() { clearTimeout(this.#timer); }

  open(section) {
    if (!this.#schema || !section || section === this.#section) return;
    this.#section = section;
    this.#show();
  }

  #show() {
    if (!this.#schema) return;
    const { properties } = this.#schema;
    const isPart = (name) => ["object", "array"].includes(kindOf(properties[name], this.#schema));
    const names = Object.keys(properties).filter((name) => name !== "$schema");
    const parts = names.filter(isPart);
    if (!parts.includes(this.#section)) this.#section = GENERAL;
    const shown = this.#section === GENERAL ? names.filter((name) => !isPart(name)) : [this.#section];
    this.#links.replaceChildren(...[GENERAL, ...parts].map((name) => {
      const link = element("a", { href: `#settings/${name}`, text: name === GENERAL ? t("settings.general") : words(name) });
      if (name === this.#section) link.setAttribute("aria-current", "page");
      return link;
    }));
    this.#fields.clear();
    const context = { schema: this.#schema, restart: this.#restart, fields: this.#fields, opened: this.#opened, streams: () => this.#live.status?.streams ?? [], changed: () => this.#changed(), again: () => this.#show() };
    this.#form.replaceChildren(element("h2", { text: this.#section === GENERAL ? t("settings.general") : words(this.#section) }),
      ...shown.map((name) => new Field(context, properties[name], this.#draft.document, name, `/${name}`).element));
    this.#changed();
  }

  #changed() {
    this.#draft.touched();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(), CHECK_AFTER_MS);
  }

  // What is wrong is said at its field, while one types.
  async #check() {
    let problems = [];
    try {
      if (this.#draft.isChanged) problems = (await send("POST", "config/check", this.#draft.document)).data.problems;
    } catch (error) {
      this.#faults.textContent = error.message;
      return;
    }
    for (const field of this.#fields.values()) field.say("");
    const elsewhere = problems.filter(({ path, message }) => !this.#nearest(path)?.say(message));
    const count = problems.length === 1 ? t("settings.fault") : t("settings.faults", { n: problems.length });
    this.#faults.textContent = problems.length ? [count, ...elsewhere.map(({ path, message }) => (path ? `${path}: ${message}` : message))].join("\n") : "";
  }

  #nearest(path) {
    for (let at = path; at; at = at.slice(0, at.lastIndexOf("/"))) {
      if (this.#fields.has(at)) return this.#fields.get(at);
    }
    return null;
  }
}

export function words(name) { return name.replaceAll("_", " "); }

function kindOf(schema, root) {
  const plain = schema.$ref ? root.$defs[schema.$ref.split("/").at(-1)] : schema;
  return plain.type;
}

// Nothing runs: the error, and the document to be mended by hand.
function safeMode({ config, problems }, etag) {
  const text = element("textarea", { rows: 24, spellcheck: "false", "aria-label": t("settings.raw"), class: "raw" });
  text.value = JSON.stringify(config ?? {}, null, 2);
  const list = element("ul", { class: "error" });
  const tell = (found) => list.replaceChildren(...found.map(({ path, message }) => element("li", {}, path ? element("code", { text: path }) : null, ` ${message}`)));
  tell(problems);
  const save = button(t("settings.save"), async () => {
    save.disabled = true;
    try {
      await send("PUT", "config", JSON.parse(text.value), { etag });
      location.reload();
    } catch (error) {
      tell(error instanceof SyntaxError ? [{ path: "", message: t("settings.not_json", { reason: error.message }) }]
        : error.problems?.length ? error.problems : [{ path: "", message: error.message }]);
    }
    save.disabled = false;
  }, { class: "primary" });
  return element("section", { class: "panel card safe" }, element("h2", { text: t("settings.safe_title") }), element("p", { text: t("settings.safe_hint") }), element("div", { role: "alert" }, list), text,
    element("div", { class: "actions-row" }, save));
}
