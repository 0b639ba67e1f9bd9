// What one endpoint was never told: a list that is read when it is opened, newest first.

import { button, element } from "./dom.js";
import { t } from "./texts.js";

const MOST_SHOWN = 50;

export class DeadLetters {
  #list = element("ul"); #summary = element("summary"); #read; #act; #count = 0;

  // read: () -> letters, undefined where they cannot be read; act: (what, letter id) -> done. Both tell why they fail.
  constructor(read, act) {
    this.#read = read;
    this.#act = act;
    this.element = element("details", { class: "letters", hidden: true, on: { toggle: () => this.#show() } }, this.#summary, this.#list);
  }

  update(count) {
    if (count === this.#count) return;
    this.#count = count;
    this.element.hidden = !count;
    this.#summary.textContent = t("webhooks.given_up", { n: count.toLocaleString("en") });
    this.#show();
  }

  async #show() {
    if (!this.element.open || !this.#count) return;
    const letters = await this.#read();
    if (!letters) return;
    const shown = letters.sort((a, b) => b.given_up_at - a.given_up_at).slice(0, MOST_SHOWN);
    this.#list.replaceChildren(...shown.map((letter) => this.#row(letter)));
    if (letters.length > shown.length) this.#list.append(item(t("webhooks.older", { n: letters.length - shown.length })));
  }

  #row({ id, reason, cause, attempts, given_up_at: at }) {
    const when = new Date(1000 * at).toLocaleString([], { dateStyle: "short", timeStyle: "medium" });
    const row = item(`${when} \u00b7 ${reason} \u00b7 ${attempts}\u00d7 \u00b7 ${cause}`);
    row.append(this.#button(t("webhooks.again"), "replay", id), this.#button(t("webhooks.forget"), "purge", id));
    return row;
  }

  #button(label, what, id) {
    const made = button(label, async () => {
      made.disabled = true;
      await this.#act(what, id);
      made.disabled = false;
      await this.#show();
    });
    return made;
  }
}

function item(text) { return element("li", {}, element("span", { text })); }
