// The keyboard: one place that listens, whoever is shown says what its keys do.

import { button, element } from "./dom.js";
import { t } from "./texts.js";

const FIELDS = "input, textarea, select, [contenteditable]";
const SEQUENCE_MS = 1200;
const LIST = [
  [["?"], "help"], [["g", "1 \u2013 8"], "pages"], [["t"], "theme"], [["1 \u2013 9"], "tile"], [["\u2190 \u2191 \u2192 \u2193"], "move"],
  [["Enter"], "open"], [["Esc"], "back"], [["h", "f", "c", "r"], "map_layers"], [["Shift", "\u2190 \u2191 \u2192 \u2193"], "point"],
  [["r"], "reload"], [["Delete"], "remove"], [["Ctrl", "z"], "undo"],
];

export class Keys {
  #actions = new Map(); #prefix = ""; #timer = 0; #dialog = null;

  constructor() {
    addEventListener("keydown", (event) => this.#pressed(event));
    this.on("?", () => this.help());
  }

  // key: as KeyboardEvent.key, "Ctrl+z", or "g 1" for one after the other. action(event) may answer false: not mine.
  // The newest comes first. Answers the function that ends it.
  on(key, action) {
    this.#actions.set(key, [action, ...(this.#actions.get(key) ?? [])]);
    return () => this.#actions.set(key, this.#actions.get(key).filter((other) => other !== action));
  }

  help() {
    if (this.#dialog?.open) return;
    const rows = LIST.map(([keys, what]) => element("tr", {},
      element("td", {}, ...keys.map((key) => element("kbd", { text: key }))), element("td", { text: t(`keys.${what}`) })));
    const close = button(t("frame.close"), () => this.#dialog.close());
    this.#dialog = element("dialog", { class: "keys", "aria-label": t("keys.title"), on: { close: ({ target }) => target.remove() } },
      element("h2", { text: t("keys.title") }), element("table", {}, element("tbody", {}, ...rows)), close);
    document.body.append(this.#dialog);
    this.#dialog.showModal();
  }

  #pressed(event) {
    if (event.altKey || event.target.closest?.(FIELDS) || document.querySelector("dialog[open]")) return;
    const key = `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.key}`;
    const whole = this.#prefix ? `${this.#prefix} ${key}` : key;
    this.#prefix = "";
    clearTimeout(this.#timer);
    for (const action of this.#actions.get(whole) ?? []) {
      if (action(event) !== false) { event.preventDefault(); return; }
    }
    if ([...this.#actions.keys()].some((known) => known.startsWith(`${key} `))) {
      this.#prefix = key;
      this.#timer = setTimeout(() => { this.#prefix = ""; }, SEQUENCE_MS);
    }
  }
}
