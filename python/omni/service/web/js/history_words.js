// Processes in words.

import { has, t } from "./texts.js";

export const FULL_RANGES = { hour: 3600, six_hours: 6 * 3600, day: 86_400, week: 7 * 86_400, month: 30 * 86_400 };

const stamp = new Intl.DateTimeFormat(undefined, { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

export function isoLocal(instant) { return stamp.format(new Date(instant)); }

// human, roi_presence, line_crossing, external; a body or face is a part of a human's process.
export function kindOf({ type, action, object }) {
  if (type === "action") return action;
  if (type === "external") return "external";
  return object.class === "human" ? "human" : "part";
}

export function told(process) {
  const kind = kindOf(process);
  if (kind === "external") return process.name;
  if (kind === "line_crossing") return t(`told.${process.direction}`, { what: process.line.name });
  if (kind === "roi_presence") return process.roi.name;
  const why = `told.end_${process.omni?.end_reason}`;
  return process.finalized ? (has(why) ? t(why) : "") : t("history.open");
}

export function personLabel(process) {
  if (process.type === "external") return t("history.kind_external");
  return t("history.person", { id: process.object.id.slice(0, 4) });
}

export function lasted({ time_interval: [from, to] }) {
  const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
  if (seconds < 60) return t("unit.seconds", { n: seconds.toFixed(1) });
  return t("unit.minutes_seconds", { m: Math.floor(seconds / 60), s: Math.round(seconds % 60) });
}
