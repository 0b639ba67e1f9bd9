// Who is told, and what was given up.

import { element } from "../dom.js";
import { t } from "../texts.js";
import { Webhooks } from "../webhooks.js";

const HEADS = ["Webhook", "Delivered", "Waiting", "Latency", "Given up"];

export function mount(root, { live }) {
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...HEADS.map((text) => element("th", { scope: "col", text })))));
  const webhooks = new Webhooks(table);
  root.append(element("section", { class: "panel" }, element("div", { class: "head" }, element("h2", { text: t("nav.webhooks") })), table));
  const show = ({ stats }) => webhooks.update(stats.webhooks?.endpoints ?? []);
  if (live.status) show(live.status);
  return live.on("status", show);
}
