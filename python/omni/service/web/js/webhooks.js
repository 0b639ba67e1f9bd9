// Who is told, and what was given up: test, send again, forget.

import { DeadLetters } from "./dead_letters.js";

const HEARD_MS = 4_000; // how long the outcome of a button is shown

export class Webhooks {
  #table; #rows = new Map();

  constructor(table) { this.#table = table; }

  // Rows stay while their numbers change, or a button would be gone between press and release.
  update(endpoints) {
    this.#table.hidden = !endpoints.length;
    for (const endpoint of endpoints) {
      if (!this.#rows.has(endpoint.id)) {
        const row = new Row(endpoint.id);
        this.#rows.set(endpoint.id, row);
        this.#table.append(row.element);
      }
      this.#rows.get(endpoint.id).update(endpoint);
    }
    const known = new Set(endpoints.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (!known.has(id)) { row.element.remove(); this.#rows.delete(id); }
    }
  }
}

class Row {
  #id; #dot = element("span"); #name = element("span"); #cells; #replay; #purge; #letters; #note = element("span");

  constructor(id) {
    this.#id = id;
    this.element = element("tbody");
    this.#dot.className = "dot";
    this.#note.className = "quiet";
    this.#note.setAttribute("role", "status");
    const name = element("td");
    name.append(this.#dot, this.#name);
    this.#cells = Object.fromEntries(["delivered", "waiting", "latency", "dead"].map((key) => [key, element("td")]));
    const test = this.#button("Test", () => this.#test());
    this.#replay = this.#button("Send all again", () => this.#post("replay"));
    this.#purge = this.#button("Forget all", () => confirm("Forget these messages for good?") && this.#post("purge"));
    const actions = element("td");
    actions.colSpan = 5;
    actions.className = "actions";
    this.#letters = new DeadLetters(() => this.#dead(), (what, letter) => this.#deal(what, letter));
    actions.append(this.#note, test, this.#replay, this.#purge, this.#letters.element);
    const [numbers, below] = [element("tr"), element("tr")];
    numbers.append(name, ...Object.values(this.#cells));
    below.append(actions);
    this.element.append(numbers, below);
  }

  update(endpoint) {
    this.#dot.dataset.state = endpoint.disabled ? "failed" : endpoint.last_failure ? "down" : "online";
    this.#name.textContent = endpoint.endpoint;
    this.element.title = endpoint.last_failure;
    const delivered = Object.values(endpoint.delivered).reduce((a, b) => a + b, 0);
    const latency = endpoint.latency.p50_ms;
    this.#cells.delivered.textContent = delivered.toLocaleString("en");
    this.#cells.waiting.textContent = endpoint.waiting.toLocaleString("en");
    this.#cells.latency.textContent = latency === null ? "\u2013" : `${latency.toFixed(0)} ms`;
    this.#cells.dead.textContent = endpoint.dead.toLocaleString("en");
    this.#replay.hidden = this.#purge.hidden = !endpoint.dead;
    this.#letters.update(endpoint.dead);
  }

  async #dead() {
    try {
      return (await this.#call("GET", `dead?endpoint=${encodeURIComponent(this.#id)}`)).dead;
    } catch (error) {
      this.#say(error.message);
      return [];
    }
  }

  async #deal(what, letter) {
    try { await this.#post(what, `id=${letter}`); } catch (error) { this.#say(error.message); }
  }

  async #test() {
    const { delivered, failure, latency_ms: ms } = await this.#call("POST", `${encodeURIComponent(this.#id)}/test`);
    this.#say(delivered ? `ok, ${ms.toFixed(0)} ms` : failure);
  }

  async #post(what, which = `endpoint=${encodeURIComponent(this.#id)}`) {
    const answer = await this.#call("POST", `${what}?${which}`);
    this.#say(Object.entries(answer).map(([key, count]) => `${count} ${key}`).join());
  }

  async #call(method, path) {
    const answer = await fetch(`api/v1/webhooks/${path}`, { method });
    const document = await answer.json();
    if (!answer.ok) throw new Error(document.detail);
    return document;
  }

  #button(label, act) {
    const made = element("button", label);
    made.type = "button";
    made.addEventListener("click", async () => {
      made.disabled = true;
      try { await act(); } catch (error) { this.#say(error.message); }
      made.disabled = false;
    });
    return made;
  }

  #say(text) {
    this.#note.textContent = text;
    setTimeout(() => { this.#note.textContent = ""; }, HEARD_MS);
  }
}

function element(tag, text = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
