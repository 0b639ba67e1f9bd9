// What happened: a timeline per camera and person, the list behind it, figures of lines and regions, export.

import { address, get } from "../api.js";
import { button, element } from "../dom.js";
import { countsChart, occupancyChart } from "../history_charts.js";
import { FULL_RANGES, isoLocal, kindOf, lasted, personLabel, told } from "../history_words.js";
import { Timeline } from "../timeline.js";
import { t } from "../texts.js";

const MOST_READ = 2000; // processes that the timeline holds
const PAGE = 500;
const BUCKETS = 48; // of a chart, about
const OFF = 409;
const KINDS = { all: {}, human: { class: "human", type: "track" }, roi_presence: { action: "roi_presence" }, line_crossing: { action: "line_crossing" }, external: { type: "external" } };

export function mount(root, { live, keys, people }) {
  const view = new HistoryView(live, people);
  root.append(view.element);
  view.read();
  const off = [keys.on("r", () => view.read()), live.on("scene", () => view.read()), live.on("status", () => view.showCameras())];
  return () => {
    off.forEach((end) => end());
    view.close();
  };
}

class HistoryView {
  #live; #people; #timeline; #span = { from: 0, to: 0 }; #person = ""; #shots = new Set(); #turn = 0;
  #range = select("range", Object.keys(FULL_RANGES).map((name) => [name, t(`history.${name}`)]), () => this.read());
  #camera = select("camera", [["", t("history.all_cameras")]], () => this.read());
  #kind = select("kind", Object.keys(KINDS).map((name) => [name, t(`history.kind_${name}`)]), () => this.read());
  #who = element("span", { class: "tabs" }); #note = element("span", { class: "quiet", role: "status" }); #exports = element("span", { class: "tabs" });
  #rows = element("tbody"); #detail = element("aside", { class: "panel detail", hidden: true, tabindex: "-1", "aria-label": t("history.detail") }); #charts = element("div", { class: "charts" });

  constructor(live, people) {
    this.#live = live;
    this.#people = people;
    this.#range.value = "hour";
    this.#timeline = new Timeline((process) => this.#choose(process));
    const filters = element("div", { class: "head filters" }, ...[["range", this.#range], ["camera", this.#camera], ["kind", this.#kind]].map(([name, field]) =>
      element("label", {}, element("span", { text: t(`history.${name}`) }), field)), this.#who, element("div", { class: "tabs push" }, button(t("history.reload"), () => this.read()), this.#exports));
    const heads = ["when", "who", "what", "camera", "length", "shot"].map((name) => element("th", { scope: "col", text: t(`history.${name}`) }));
    const zoom = [["zoom_out", "\u2212", 1.6], ["zoom_in", "+", 1 / 1.6]].map(([name, text, factor]) => button(text, () => this.#timeline.zoom(factor), { "aria-label": t(`history.${name}`) }));
    this.element = element("div", { class: "page history" },
      element("section", { class: "panel timeline-panel" }, filters, element("div", { class: "head" }, this.#note, element("span", { class: "tabs" }, ...zoom)), this.#timeline.element, element("p", { class: "quiet hint", text: t("history.hint") })),
      this.#detail, this.#charts,
      element("section", { class: "panel" }, element("div", { class: "head" }, element("h2", { text: t("history.events") })),
        element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("history.events") }, element("table", { class: "events" }, element("thead", {}, element("tr", {}, ...heads)), this.#rows))));
  }

  close() { this.#timeline.close(); }

  async read() {
    const turn = ++this.#turn;
    const now = Math.ceil(Date.now() / 1000);
    this.#span = { from: now - FULL_RANGES[this.#range.value], to: now };
    this.showCameras();
    this.#showPerson();
    this.#showExports();
    this.#note.textContent = t("frame.reading");
    try {
      const found = await this.#processes();
      if (turn !== this.#turn) return;
      const shown = found.filter((process) => kindOf(process) !== "part");
      this.#timeline.show(shown, this.#span, (stream) => this.#live.name(stream));
      this.#rows.replaceChildren(...shown.slice(0, 200).map((process) => this.#row(process)));
      this.#note.textContent = !shown.length ? t("history.none") : found.length < MOST_READ ? t("history.count", { n: shown.length }) : t("history.newest", { n: `${MOST_READ}+`, m: shown.length });
      await this.#drawCharts(turn);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#note.textContent = error.status === OFF ? t("history.off") : error.message;
    }
  }

  async #processes() {
    const found = [];
    let next = "";
    this.#shots.clear();
    while (next !== null && found.length < MOST_READ) {
      const { data } = await get(`processes?${this.#query({ limit: PAGE, ...(next ? { cursor: next } : {}) })}`);
      found.push(...data.processes);
      data.best_shots.forEach((id) => this.#shots.add(id));
      next = data.next;
    }
    return found;
  }

  #query(more = {}) {
    const chosen = { ...this.#span, ...KINDS[this.#kind.value], stream: this.#camera.value, person: this.#person, ...more };
    return new URLSearchParams(Object.entries(chosen).filter(([, value]) => value !== ""));
  }

  showCameras() {
    const chosen = this.#camera.value;
    const streams = this.#live.status?.streams ?? [];
    const shown = JSON.stringify(streams.map(({ stream_uuid: uuid, name }) => [uuid, name]));
    if (this.#camera.dataset.shown === shown) return;
    this.#camera.dataset.shown = shown;
    this.#camera.replaceChildren(element("option", { value: "", text: t("history.all_cameras") }),
      ...streams.map(({ stream_uuid: uuid, name }) => element("option", { value: uuid, text: name, selected: uuid === chosen })));
  }

  #showPerson() {
    this.#who.replaceChildren(...(this.#person ? [button(`${t("history.one_person")} \u00d7`, () => { this.#person = ""; this.read(); }, { "aria-label": t("history.everybody"), title: t("history.everybody") })] : []));
  }

  #showExports() {
    this.#exports.replaceChildren(...["csv", "json"].map((format) => element("a", {
      class: "button", href: address(`processes/export?${this.#query({ format })}`), download: `processes.${format}`, text: `${t("history.export")} ${t(`history.${format}`)}`,
    })));
  }

  #row(process) {
    const [from] = process.time_interval;
    const when = element("button", { type: "button", class: "plain", text: isoLocal(from) });
    return element("tr", { on: { click: () => this.#choose(process, when) } }, element("td", {}, when), element("td", { text: this.#name(process) }),
      element("td", { text: told(process) }), element("td", { text: this.#live.name(process.source) }), element("td", { text: lasted(process) }),
      element("td", {}, this.#shots.has(process.id) ? shotOf(process.id, "thumb") : null));
  }

  #name(process) { return this.#people.nameOf(process.object.id) || personLabel(process); }

  // from: the button of the list that it was chosen by; the list may be far below.
  #choose(process, from = null) {
    this.#timeline.mark(process.id);
    const facts = [["who", this.#name(process)], ["what", told(process)], ["camera", this.#live.name(process.source)], ["when", process.time_interval.map(isoLocal).join(" \u2013 ")], ["length", lasted(process)]];
    this.#detail.hidden = false;
    this.#detail.replaceChildren(this.#shots.has(process.id) ? shotOf(process.id, "shot") : element("p", { class: "shot none quiet", text: t("history.no_shot") }),
      element("div", {}, element("dl", { class: "facts" }, ...facts.flatMap(([name, text]) => [element("dt", { text: t(`history.${name}`) }), element("dd", { text })])),
        element("div", { class: "tabs" }, process.type === "external" ? null : button(t("history.only"), () => { this.#person = process.object.id; this.read(); }),
          button(t("history.close"), () => { this.#detail.hidden = true; this.#timeline.mark(""); from?.focus(); }))));
    if (from) this.#detail.focus({ preventScroll: true });
    this.#detail.scrollIntoView({ block: "nearest" });
  }

  async #drawCharts(turn) {
    const bucket = Math.max(Math.ceil((this.#span.to - this.#span.from) / BUCKETS / 60) * 60, 60);
    const span = new URLSearchParams({ ...this.#span, bucket_s: bucket });
    const charts = await Promise.all(this.#live.scene.regions.flatMap(({ uuid, name, direction, presence }) => [
      direction ? get(`counts?line=${uuid}&${span}`).then(({ data }) => countsChart(name, data.buckets, bucket)) : null,
      presence ? get(`occupancy?region=${uuid}&${span}`).then(({ data }) => occupancyChart(name, data.buckets, bucket)) : null,
    ].filter(Boolean)));
    if (turn === this.#turn) this.#charts.replaceChildren(...charts);
  }
}

function select(name, choices, change) {
  return element("select", { name, on: { change } }, ...choices.map(([value, text]) => element("option", { value, text })));
}

function shotOf(id, className) { return element("img", { class: className, src: address(`processes/${id}/best_shot`), alt: t("history.shot"), loading: "lazy" }); }
