// What happened, newest first.

import { colour } from "./people.js";

const MOST_SHOWN = 120;
const ENDINGS = {
  left: "left", lost: "lost from sight", camera_down: "camera went down", agent_stopped: "agent stopped",
  agent_restarted: "agent restarted", config_changed: "configuration changed", end_of_file: "video began anew",
  ended: "ended", terminated: "ended by order",
};
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

export class Feed {
  #list; #count; #people; #names; #open = new Map();

  // names: stream_uuid -> name
  constructor(list, count, people, names) {
    this.#list = list;
    this.#count = count;
    this.#people = people;
    this.#names = names;
    people.onLight(() => this.refresh());
    list.addEventListener("pointerover", ({ target }) => people.light(this.#person(target.closest("li"))?.key ?? null));
    list.addEventListener("pointerleave", () => people.light(null));
  }

  clear() {
    this.#list.replaceChildren();
    this.#open.clear();
  }

  add({ reason, timestamp, processes }) {
    for (const process of processes.filter(isTold)) {
      if (process.finalized) this.#open.delete(process.id);
      else this.#open.set(process.id, true);
      if (reason !== "ongoing") this.#list.prepend(this.#row(process, new Date(timestamp * 1000)));
    }
    while (this.#list.children.length > MOST_SHOWN) this.#list.lastChild.remove();
    this.#count.textContent = `${this.#open.size} open`;
    this.refresh();
  }

  // People get their number on the map a moment after they come.
  refresh() {
    for (const row of this.#list.children) {
      const person = this.#person(row);
      if (!person) continue;
      const chip = row.querySelector(".chip");
      chip.textContent = person.label;
      chip.style.background = colour(person.hue);
      row.classList.toggle("lit", person.key === this.#people.lit);
    }
  }

  #person(row) { return row?.dataset.human ? this.#people.ofHuman(row.dataset.human) : null; }

  #row(process, when) {
    const [begun, until] = process.time_interval.map((text) => new Date(text));
    const row = element("li");
    if (process.type !== "external") row.dataset.human = process.object.id;
    const time = element("time", clock.format(when));
    time.dateTime = when.toISOString();
    const what = element("span", "", "what");
    what.append(told(process), element("i", `  ${this.#names.get(process.source) ?? process.source.slice(0, 8)}`));
    const chip = element("span", process.type === "external" ? "ext" : "\u2026", "chip");
    row.append(time, chip, what, element("span", process.finalized ? lasted(until - begun) : "", "how-long"));
    return row;
  }
}

// Bodies and faces are parts of a human's process.
function isTold({ type, object }) { return type !== "track" || object.class === "human"; }

function told(process) {
  if (process.type === "external") return `${process.name} ${process.finalized ? "ended" : "began"}`;
  if (process.action === "roi_presence") return `${process.finalized ? "left" : "entered"} ${process.roi.name}`;
  if (process.action === "line_crossing") return `crossed ${process.line.name} (${process.direction})`;
  if (!process.finalized) return "came into view";
  return ENDINGS[process.omni?.end_reason] ?? "left";
}

function lasted(ms) {
  const seconds = ms / 1000;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

function element(tag, text = "", className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}
