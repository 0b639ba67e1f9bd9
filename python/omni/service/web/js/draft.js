// A change of the configuration: kept here until it is reviewed, then applied, and it can be taken back.

import { get, send } from "./api.js";
import { button, element } from "./dom.js";
import { t } from "./texts.js";

const STEP_MS = 700; // changes that follow each other so soon are one step: a drag, a word

export class Draft {
  #steps = []; #last = ""; #touchedAt = 0;
  #document = null; #before = null; #etag = null; #canUndo = false; #changed; #note; #apply; #discard; #undo;

  // changed(): the document is another one, as it was read or taken back.
  constructor(changed) {
    this.#changed = changed;
    this.#note = element("p", { class: "draft-note", role: "status" });
    this.#apply = button(t("draft.review"), () => this.#review(), { class: "primary" });
    this.#discard = button(t("draft.discard"), () => this.#reset());
    this.#undo = button(t("draft.undo"), () => this.undo());
    this.element = element("div", { class: "draft" }, this.#note, this.#undo, this.#discard, this.#apply);
    this.#show();
  }

  // What is to be: change it, then call touched().
  get document() { return this.#document; }

  get isChanged() { return JSON.stringify(this.#document) !== JSON.stringify(this.#before); }

  touched() {
    const now = JSON.stringify(this.#document);
    if (now !== this.#last) {
      if (performance.now() - this.#touchedAt > STEP_MS || !this.#steps.length) this.#steps.push(this.#last);
      [this.#last, this.#touchedAt] = [now, performance.now()];
    }
    this.#say("");
    this.#show();
  }

  async read() {
    const { data, etag } = await get("config");
    this.#take(data.config, data.undo, etag);
  }

  // The last step that is not applied yet; without one, what was applied last.
  async stepBack() {
    if (!this.#steps.length) {
      if (!this.isChanged) await this.undo();
      return;
    }
    this.#last = this.#steps.pop();
    this.#document = JSON.parse(this.#last);
    this.#touchedAt = 0;
    this.touched();
    this.#changed();
  }

  async undo() {
    await this.#try(async () => {
      await send("POST", "config/undo", {}, { etag: this.#etag });
      await this.read();
      this.#say(t("draft.undone"));
    });
  }

  async #review() {
    await this.#try(async () => {
      const { data: { changes, problems } } = await send("POST", "config/check", this.#document);
      if (await confirmed(changes, problems)) await this.#put();
    });
  }

  async #put() {
    const { data } = await send("PUT", "config", this.#document, { etag: this.#etag });
    await this.read();
    const waiting = data.pending_restart.length;
    this.#say(waiting ? t("draft.applied_restart", { paths: data.pending_restart.join(", ") }) : t("draft.applied"));
  }

  async #try(act) {
    this.#apply.disabled = this.#undo.disabled = true;
    try {
      await act();
    } catch (error) {
      this.#say([error.message, ...(error.problems ?? []).map(({ path, message }) => `${path}: ${message}`)].join("\n"), true);
    }
    this.#show();
  }

  #take(document, canUndo, etag) {
    this.#document = document;
    this.#before = structuredClone(document);
    this.#canUndo = canUndo;
    this.#etag = etag;
    this.#begin();
    this.#show();
    this.#changed();
  }

  #begin() { [this.#steps, this.#last, this.#touchedAt] = [[], JSON.stringify(this.#document), 0]; }

  #reset() {
    this.#document = structuredClone(this.#before);
    this.#begin();
    this.touched();
    this.#changed();
  }

  #show() {
    const changed = this.#document !== null && this.isChanged;
    this.#apply.disabled = this.#discard.disabled = !changed;
    this.#undo.disabled = changed || !this.#canUndo;
  }

  #say(text, failed = false) {
    this.#note.textContent = text;
    this.#note.classList.toggle("error", failed);
  }
}

// Shows what would change, and what is wrong with it. True: to be applied.
function confirmed(changes, problems) {
  return new Promise((resolve) => {
    const rows = changes.map(({ path, old, new: next, restart }) => element("tr", {},
      element("th", { scope: "row" }, element("code", { text: path }), restart ? element("em", { class: "restart", text: t("draft.restart") }) : null),
      element("td", {}, element("del", { text: shown(old) })), element("td", {}, element("ins", { text: shown(next) }))));
    const faults = problems.map(({ path, message }) => element("li", { text: path ? `${path}: ${message}` : message }));
    const close = (answer) => { dialog.close(); dialog.remove(); resolve(answer); };
    const apply = button(t("draft.apply"), () => close(true), { class: "primary", disabled: problems.length > 0 || !changes.length });
    const dialog = element("dialog", { class: "review", "aria-label": t("draft.title"), on: { cancel: () => close(false) } },
      element("h2", { text: t("draft.title") }),
      faults.length ? element("ul", { class: "error" }, ...faults) : null,
      rows.length ? element("table", {}, element("thead", {}, element("tr", {}, ...["path", "old", "new"].map((name) =>
        element("th", { scope: "col", text: t(`draft.${name}`) })))), element("tbody", {}, ...rows)) : null,
      rows.length || faults.length ? null : element("p", { class: "quiet", text: t("draft.nothing") }),
      element("div", { class: "actions-row" }, button(t("draft.back"), () => close(false)), apply));
    document.body.append(dialog);
    dialog.showModal();
  });
}

function shown(value) {
  if (value === null || value === undefined) return t("draft.absent");
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 160 ? `${text.slice(0, 160)}\u2026` : text;
}
