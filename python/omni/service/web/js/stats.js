// Numbers: the header's totals, where the time goes, streams, webhooks, problems.

import { Webhooks } from "./webhooks.js";

const STAGES = ["decode", "detect", "track", "process", "map"];
const byId = (id) => document.getElementById(id);

export class Stats {
  #webhooks = new Webhooks(byId("webhooks"));

  // people: how many are there now
  update({ streams, stats, problems }, people) {
    const lags = streams.filter((s) => s.state === "online" && s.lag_s !== null).map((s) => s.lag_s);
    const onMaps = Object.values(stats.map_objects ?? {});
    total("people", people);
    total("seen", onMaps.length ? sum(onMaps) : stats.tracks ?? 0);
    total("fps", (stats.fps ?? 0).toFixed(1));
    total("lag", lags.length ? span(Math.max(...lags)) : "\u2013");
    this.#stages(stats);
    byId("streams").replaceChildren(...streams.map(streamRow));
    this.#webhooks.update(stats.webhooks?.endpoints ?? []);
    byId("problems").hidden = !problems.length;
    byId("problems").replaceChildren(...problems.map((text) => element("li", text)));
  }

  #stages({ stage_share: share = {}, stage_s: spent = {}, frames = 0 }) {
    const shown = STAGES.filter((stage) => stage in share);
    byId("bar").replaceChildren(...shown.map((stage) => {
      const part = element("i");
      part.dataset.stage = stage;
      part.style.flexGrow = share[stage];
      return part;
    }));
    byId("legend").replaceChildren(...shown.map((stage) => {
      const item = element("li");
      item.dataset.stage = stage;
      item.append(element("i"), stage, element("b", percent(share[stage])));
      return item;
    }));
    byId("cost").textContent = frames ? `${((1000 * sum(Object.values(spent))) / frames).toFixed(1)} ms a picture` : "";
  }
}

function streamRow(stream) {
  const name = element("td");
  const dot = element("span");
  dot.className = "dot";
  dot.dataset.state = stream.state;
  name.append(dot, stream.name);
  name.title = [stream.state, stream.reason, stream.url].filter(Boolean).join(" \u00b7 ");
  return row(name, stream.fps.toFixed(1), count(stream.frames), count(stream.dropped), stream.lag_s === null ? "\u2013" : span(stream.lag_s));
}

function row(first, ...texts) {
  const made = element("tr");
  made.append(first, ...texts.map((text) => element("td", text)));
  return made;
}

function element(tag, text = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function total(name, value) { document.querySelector(`[data-total="${name}"]`).textContent = value; }
function sum(numbers) { return numbers.reduce((a, b) => a + b, 0); }
function count(number) { return number.toLocaleString("en"); }
function percent(share) { return share > 0 && share < 0.01 ? "<1 %" : `${Math.round(100 * share)} %`; }
function span(seconds) {
  if (seconds < 10) return `${Math.max(seconds, 0).toFixed(2)} s`;
  return seconds < 120 ? `${seconds.toFixed(0)} s` : `${Math.round(seconds / 60)} min`;
}
