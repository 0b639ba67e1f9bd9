// Figures over time: crossings as bars to both sides, people in a region as an area.

import { element, svg } from "./dom.js";
import { t } from "./texts.js";

const WIDE = 480, HIGH = 130, FOOT = 18, SIDE = 30;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

export function countsChart(name, buckets, bucketS) {
  const sums = ["forward", "reverse"].map((way) => buckets.reduce((sum, bucket) => sum + bucket[way], 0));
  const most = Math.max(1, ...buckets.flatMap(({ forward, reverse }) => [forward, reverse]));
  const middle = (HIGH - FOOT) / 2;
  const step = (WIDE - SIDE) / buckets.length;
  const bars = buckets.flatMap((bucket, i) => ["forward", "reverse"].filter((way) => bucket[way]).map((way) => {
    const height = (bucket[way] / most) * (middle - 4);
    return svg("rect", { class: way, x: SIDE + i * step + 1, width: Math.max(step - 2, 1), y: way === "forward" ? middle - height : middle + 1, height, rx: 1 },
      svg("title", { text: `${clock.format(1000 * bucket.start)}: ${bucket[way]} ${t(`history.${way}`)}` }));
  }));
  const axis = [svg("path", { class: "axis", d: `M${SIDE} ${middle + 0.5}H${WIDE}` }), label(most, 10), label(most, HIGH - FOOT - 2)];
  const title = t("history.chart_counts", { name, forward: sums[0], reverse: sums[1] });
  return chart(name, title, ["forward", "reverse"].map((way, i) => [way, sums[i]]), [...axis, ...bars, ...times(buckets, bucketS, step)]);
}

export function occupancyChart(name, buckets, bucketS) {
  const most = Math.max(1, ...buckets.map(({ max }) => max));
  const step = (WIDE - SIDE) / buckets.length;
  const y = (value) => HIGH - FOOT - (value / most) * (HIGH - FOOT - 6);
  const steps = (key) => buckets.map((bucket, i) => `${i ? "L" : "M"}${(SIDE + i * step).toFixed(1)} ${y(bucket[key]).toFixed(1)}h${step.toFixed(1)}`).join("");
  const area = `${steps("mean")}V${HIGH - FOOT}H${SIDE}Z`;
  const parts = [svg("path", { class: "axis", d: `M${SIDE} ${HIGH - FOOT + 0.5}H${WIDE}` }), label(most, 10), label(0, HIGH - FOOT - 2), svg("path", { class: "mean", d: area }), svg("path", { class: "max", d: steps("max") })];
  const top = Math.max(0, ...buckets.map(({ max }) => max));
  return chart(name, t("history.chart_occupancy", { name, max: top }), [["mean", null], ["max", top]], [...parts, ...times(buckets, bucketS, step)]);
}

function chart(name, title, legend, parts) {
  return element("section", { class: "panel chart" }, element("div", { class: "head" }, element("h2", { text: name }), element("p", { class: "legend" },
    ...legend.map(([key, sum]) => element("span", { class: key }, sum === null ? t(`history.${key}`) : `${t(`history.${key}`)} ${sum}`)))),
  svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": title }, ...parts));
}

function label(value, y) { return svg("text", { class: "label", x: SIDE - 6, y, "text-anchor": "end", text: String(value) }); }

function times(buckets, bucketS, step) {
  const every = Math.ceil(buckets.length / 5);
  const format = bucketS * buckets.length > 2 * 86_400 ? date : clock;
  return buckets.filter((_, i) => i % every === 0).map(({ start }, i) => svg("text", { class: "label", x: SIDE + i * every * step, y: HIGH - 4, text: format.format(1000 * start) }));
}
