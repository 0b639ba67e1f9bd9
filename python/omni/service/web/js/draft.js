// A change of the configuration: kept here until it is reviewed, then applied, and it can be taken back.

import { get, send } from "./api.js";
import { button, element } from "./dom.js";
import { t } from "./texts.js";

const STEP_MS = 700; // changes that follow each other so soon are one step: a drag, a word

let latest = null; // of the page that was shown last

// The draft of a page; changes that are not applied yet come along from the page before. changed(): the document is
// another one, as it was read or taken back.
export function openDraft(changed) {
  if (latest?.isChanged) latest.follow(changed);
  else latest = new Draft(changed);
  return latest;
}

addEventListener("beforeunload", (event) => { if (latest?.isChanged) event.preventDefault(); });

class Draft {
  #steps = []; #last = ""; #touchedAt = 0;
  #document = null; #before = null; #etag = null; #canUndo = false; #busy = false; #reading = null; #changed; #note; #apply; #discard; #undo;

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

  // Another page shows it from now on.
  follow(changed) { this.#changed = changed; }

  // As the service has it, unless there are changes to go on with. Says itself why it cannot be read.
  async read() {
    if (this.isChanged) this.#changed();
    else await (this.#reading ??= this.#try(() => this.#fetch()).finally(() => { this.#reading = null; }));
  }

  async #fetch() {
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
      await this.#fetch();
      this.#say(t("draft.undone"));
    });
  }

  async #review() {
    await this.#try(async () => {
      let [checked, answer] = ["", null];
      while (checked !== JSON.stringify(this.#document)) { // changed while it was checked: then it is another one
        checked = JSON.stringify(this.#document);
        answer = await send("POST", "config/check", this.#document);
      }
      await review(answer.data, () => this.#put());
    });
  }

  async #put() {
    const { data } = await send("PUT", "config", this.#document, { etag: this.#etag });
    await this.#fetch();
    const waiting = data.pending_restart.length;
    this.#say(waiting ? t("draft.applied_restart", { paths: data.pending_restart.join(", ") }) : t("draft.applied"));
  }

  async #try(act) {
    this.#busy = true;
    this.#say("");
    this.#show();
    try {
      await act();
    } catch (error) {
      this.#say([error.message, ...(error.problems ?? []).map(({ path, message }) => `${path}: ${message}`)].join("\n"), true);
    }
    this.#busy = false;
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
    this.#apply.disabled = this.#discard.disabled = this.#busy || !changed;
    this.#undo.disabled = this.#busy || changed || !this.#canUndo;
  }

  #say(text, failed = false) {
    this.#note.textContent = text;
    this.#note.classList.toggle("error", failed);
  }
}

// Shows what would change, and what is wrong with it, until it is applied, which may fail, or is not to be.
function review({ changes, problems }, put) {
  return new Promise((resolve, reject) => {
    const rows = changes.map(({ path, old, new: next, restart }) => element("tr", {},
      element("th", { scope: "row" }, element("code", { text: path }), restart ? element("em", { class: "restart", text: t("draft.restart") }) : null),
      element("td", {}, element("del", { text: shown(old) })), element("td", {}, element("ins", { text: shown(next) }))));
    const faults = problems.map(({ path, message }) => element("li", { text: path ? `${path}: ${message}` : message }));
    const close = () => { dialog.close(); dialog.remove(); };
    const back = button(t("draft.back"), () => { close(); resolve(); });
    const apply = button(t("draft.apply"), async () => {
      apply.disabled = back.disabled = true;
      apply.textContent = t("draft.applying");
      await put().then(resolve, reject).finally(close);
    }, { class: "primary", disabled: problems.length > 0 || !changes.length });
    const dialog = element("dialog", { class: "review", "aria-label": t("draft.title"), on: { cancel: (event) => { event.preventDefault(); back.click(); } } },
      element("h2", { text: t("draft.title") }),
      faults.length ? element("ul", { class: "error" }, ...faults) : null,
      rows.length ? element("table", {}, element("thead", {}, element("tr", {}, ...["path", "old", "new"].map((name) =>
        element("th", { scope: "col", text: t(`draft.${name}`) })))), element("tbody", {}, ...rows)) : null,
      rows.length || faults.length ? null : element("p", { class: "quiet", text: t("draft.nothing") }),
      element("div", { class: "actions-row" }, back, apply));
    document.body.append(dialog);
    dialog.showModal();
  });
}

function shown(value) {
  if (value === null || value === undefined) return t("draft.absent");
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 160 ? `${text.slice(0, 160)}\u2026` : text;
}
