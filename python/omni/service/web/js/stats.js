// Numbers: totals, where the time goes, how each stream is doing.

import { element } from "./dom.js";
import { t } from "./texts.js";

const STAGES = ["decode", "detect", "track", "face", "process", "map"];
const TOTALS = ["people", "seen", "fps", "lag"];

export class Totals {
  #values = new Map(TOTALS.map((name) => [name, element("dd", { text: t("unit.none") })]));

  constructor() {
    this.element = element("dl", { class: "totals" }, ...TOTALS.map((name) =>
      element("div", {}, element("dt", { text: t(`total.${name}`) }), this.#values.get(name))));
  }

  // people: how many are there now
  update({ streams, stats }, people) {
    const lags = streams.filter((s) => s.state === "online" && s.lag_s !== null).map((s) => s.lag_s);
    const onMaps = Object.values(stats.map_objects ?? {});
    const shown = {
      people, seen: onMaps.length ? sum(onMaps) : stats.tracks ?? 0, fps: (stats.fps ?? 0).toFixed(1),
      lag: lags.length ? span(Math.max(...lags)) : t("unit.none"),
    };
    for (const name of TOTALS) this.#values.get(name).textContent = shown[name];
  }
}

export class Pipeline {
  #bar = element("div", { class: "bar" }); #legend = element("ul", { class: "legend" });
  #cost = element("span", { class: "quiet" }); #rows = element("tbody");

  constructor() {
    const heads = ["stream", "fps", "frames", "dropped", "lag"].map((name) =>
      element("th", { scope: "col", text: name === "fps" ? "fps" : t(`live.${name}`) }));
    this.element = element("section", { class: "stats panel", tabindex: "0", "aria-label": t("live.pipeline") },
      element("div", { class: "head" }, element("h2", { text: t("live.pipeline") }), this.#cost),
      element("div", { class: "stages" }, this.#bar, this.#legend),
      element("table", {}, element("thead", {}, element("tr", {}, ...heads)), this.#rows));
  }

  update({ streams, stats: { stage_share: share = {}, stage_s: spent = {}, frames = 0 } }) {
    const shown = STAGES.filter((stage) => stage in share);
    this.#bar.replaceChildren(...shown.map((stage) => {
      const part = element("i", { data: { stage } });
      part.style.flexGrow = share[stage];
      return part;
    }));
    this.#legend.replaceChildren(...shown.map((stage) =>
      element("li", { data: { stage } }, element("i"), t(`stage.${stage}`), element("b", { text: percent(share[stage]) }))));
    this.#cost.textContent = frames ? t("live.cost", { ms: ((1000 * sum(Object.values(spent))) / frames).toFixed(1) }) : "";
    this.#rows.replaceChildren(...streams.map(streamRow));
  }
}

function streamRow({ state, reason, url, name, fps, frames, dropped, lag_s: lag }) {
  const first = element("td", { title: [state, reason, url].filter(Boolean).join(" \u00b7 ") }, element("span", { class: "dot", data: { state } }), name);
  const cells = [fps.toFixed(1), count(frames), count(dropped), lag === null ? t("unit.none") : span(lag)];
  return element("tr", {}, first, ...cells.map((text) => element("td", { text })));
}

function sum(numbers) { return numbers.reduce((a, b) => a + b, 0); }
function count(number) { return number.toLocaleString("en"); }
function percent(share) {
  return share > 0 && share < 0.01 ? t("unit.percent_small") : t("unit.percent", { n: Math.round(100 * share) });
}
function span(seconds) {
  if (seconds < 10) return t("unit.seconds", { n: Math.max(seconds, 0).toFixed(2) });
  return seconds < 120 ? t("unit.seconds", { n: seconds.toFixed(0) }) : t("unit.minutes", { n: Math.round(seconds / 60) });
}
