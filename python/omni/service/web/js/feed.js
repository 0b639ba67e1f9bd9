// What happened, newest first.

import { element } from "./dom.js";
import { colour } from "./people.js";
import { has, t } from "./texts.js";

const MOST_SHOWN = 120;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

export class Feed {
  #live; #people; #list; #count; #open = new Set(); #off; #unnamed = false;

  constructor(live, people) {
    this.#live = live;
    this.#people = people;
    this.#list = element("ol", { class: "events", data: { empty: t("live.nothing") }, tabindex: "0", "aria-label": t("live.feed"), on: {
      pointerover: ({ target }) => people.light(this.#person(target.closest("li"))?.key ?? null),
      pointerleave: () => people.light(null),
    } });
    this.#count = element("span", { class: "quiet" });
    this.element = element("section", { class: "feed panel" },
      element("div", { class: "head" }, element("h2", { text: t("live.feed") }), this.#count), this.#list);
    this.#off = [
      people.onLight(() => this.#refresh()),
      live.on("map", () => this.#refresh()),
      live.on("processes", (message) => this.#add(message)),
      live.on("status", () => this.#nameStreams()),
      live.on("link", ({ state }) => { if (state === "live") this.#clear(); }),
    ];
    for (const message of live.processes) this.#add(message);
  }

  close() { this.#off.forEach((off) => off()); }

  #clear() {
    this.#list.replaceChildren();
    this.#open.clear();
  }

  #add({ reason, timestamp, processes }) {
    for (const process of processes.filter(isTold)) {
      if (process.finalized) this.#open.delete(process.id);
      else this.#open.add(process.id);
      if (reason !== "ongoing") this.#list.prepend(this.#row(process, reason, new Date(timestamp * 1000)));
    }
    while (this.#list.children.length > MOST_SHOWN) this.#list.lastChild.remove();
    this.#count.textContent = t("live.open", { n: this.#open.size });
    this.#refresh();
  }

  // People get their number on the map a moment after they come, and their name later still.
  #refresh() {
    for (const row of this.#list.children) {
      const person = this.#person(row);
      if (!person) continue;
      const chip = row.querySelector(".chip");
      if (chip.textContent !== person.label) {
        chip.textContent = person.label;
        chip.style.background = colour(person.hue);
      }
      row.classList.toggle("lit", person.key === this.#people.lit);
    }
  }

  #nameStreams() {
    for (const place of this.#list.querySelectorAll("[data-stream]")) place.textContent = this.#live.name(place.dataset.stream);
  }

  #person(row) { return row?.dataset.human ? this.#people.ofHuman(row.dataset.human) : null; }

  #row(process, reason, when) {
    const [begun, until] = process.time_interval.map((text) => new Date(text));
    const external = process.type === "external";
    const place = element("i", { text: this.#live.name(process.source), data: { stream: process.source } });
    return element("li", { data: external ? {} : { human: process.object.id } },
      element("time", { datetime: when.toISOString(), text: clock.format(when) }),
      element("span", { class: "chip", text: external ? t("told.external") : "\u2026" }),
      element("span", { class: "what" }, this.#told(process, reason), " ", place),
      element("span", { class: "how-long", text: process.finalized ? lasted(until - begun) : "" }));
  }

  #told(process, reason) {
    if (process.type === "external") return t(process.finalized ? "told.ended" : "told.began", { what: process.name });
    if (process.action === "roi_presence") return t(process.finalized ? "told.left" : "told.entered", { what: process.roi.name });
    if (process.action === "line_crossing") return t(`told.${process.direction}`, { what: process.line.name });
    const name = this.#people.nameOf(process.object.id);
    if (reason === "match" && name) return t("told.known", { what: name });
    if (!process.finalized) return t("told.came");
    const why = `told.end_${process.omni?.end_reason}`;
    return has(why) ? t(why) : t("told.end_left");
  }
}

// Bodies and faces are parts of a human's process.
function isTold({ type, object }) { return type !== "track" || object.class === "human"; }

function lasted(ms) {
  const seconds = ms / 1000;
  if (seconds < 60) return t("unit.seconds", { n: seconds.toFixed(1) });
  return t("unit.minutes_seconds", { m: Math.floor(seconds / 60), s: Math.round(seconds % 60) });
}
