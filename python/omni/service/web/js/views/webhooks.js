// Who is told, of what, how it goes, and what was given up.

import { get, send } from "../api.js";
import { button, element } from "../dom.js";
import { t } from "../texts.js";
import { WebhookCard } from "../webhook_card.js";
import { AddWebhook } from "../webhook_add.js";

const LIST = "webhook_tracking_subscribers";

export function mount(root, { live }) {
  const view = new WebhooksView(live);
  root.append(view.element);
  if (live.status) view.update(live.status);
  return live.on("status", (status) => view.update(status));
}

class WebhooksView {
  #live; #cards = new Map(); #list = element("div", { class: "cards" }); #secret = element("div");
  #none = element("p", { class: "empty", text: t("webhooks.none"), hidden: true }); #add;

  constructor(live) {
    this.#live = live;
    this.#add = new AddWebhook(() => live.status?.streams ?? [], (subscriber, sign) => this.#added(subscriber, sign));
    const head = element("div", { class: "head" }, element("h2", { text: t("webhooks.title") }), button(t("webhooks.add"), () => this.#add.open(), { class: "primary" }));
    this.element = element("div", { class: "page" }, element("section", { class: "panel" }, head, this.#add.element), this.#none, this.#list);
  }

  // Cards stay while their figures change, or a button would be gone between press and release.
  update({ stats }) {
    const endpoints = stats.webhooks?.endpoints ?? [];
    this.#none.hidden = endpoints.length > 0;
    for (const endpoint of endpoints) {
      if (!this.#cards.has(endpoint.id)) {
        const broker = /^mqtts?:/.test(endpoint.endpoint);
        const card = new WebhookCard(endpoint.id, this.#live, broker ? null : {
          remove: () => this.#remove(endpoint), secret: (secret) => showSecret(endpoint.id, secret),
        });
        this.#cards.set(endpoint.id, card);
        this.#list.append(card.element);
      }
      this.#cards.get(endpoint.id).update(endpoint);
    }
    const known = new Set(endpoints.map(({ id }) => id));
    for (const [id, card] of this.#cards) {
      if (!known.has(id)) { card.element.remove(); this.#cards.delete(id); }
    }
  }

  async #added(subscriber, sign) {
    await changeConfig((config) => config[LIST].push(subscriber));
    if (!sign) return;
    const { data } = await send("POST", `webhooks/${encodeURIComponent(subscriber.id)}/rotate`, {});
    showSecret(subscriber.id, data.secret);
  }

  async #remove({ id, endpoint }) {
    if (!confirm(t("webhooks.sure_remove", { id: endpoint }))) return;
    // Addresses that differ only in what is hidden of them look alike: it is the one in the same place among these.
    const alike = this.#live.status.stats.webhooks.endpoints.filter((one) => one.endpoint === endpoint);
    const place = alike.findIndex((one) => one.id === id);
    await changeConfig((config) => {
      const gone = config[LIST].filter((one) => one.enabled !== false && labelOf(one) === endpoint)[place];
      if (!gone) throw new Error(t("webhooks.not_found", { id: endpoint }));
      config[LIST] = config[LIST].filter((one) => one !== gone);
    });
  }
}

// Changes the configuration as it is now, at once.
async function changeConfig(change) {
  const { data, etag } = await get("config");
  change(data.config);
  await send("PUT", "config", data.config, { etag });
}

// As the service calls a subscriber that has no id: its address as it was written, without user, password and query.
function labelOf({ id, url, host, port, is_secured: secured, path }) {
  if (id) return id;
  const named = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  const address = url || `${secured ? "https" : "http"}://${named}:${port}${path.startsWith("/") ? path : `/${path}`}`;
  const [, scheme, place, rest] = /^([^:]*):\/\/([^/?#]*)([^?#]*)/.exec(address) ?? ["", "", "", ""];
  return `${scheme.toLowerCase()}://${place.slice(place.lastIndexOf("@") + 1)}${rest}`;
}

function showSecret(id, secret) {
  const close = button(t("webhooks.close"), () => { dialog.close(); dialog.remove(); }, { class: "primary" });
  const copy = button(t("webhooks.copy"), async () => { await navigator.clipboard.writeText(secret); copy.textContent = t("webhooks.copied"); });
  const dialog = element("dialog", { class: "secret", "aria-label": t("webhooks.secret_title", { id }) },
    element("h2", { text: t("webhooks.secret_title", { id }) }), element("code", { text: secret }),
    element("p", { class: "quiet", text: t("webhooks.secret_hint") }),
    element("div", { class: "actions-row" }, navigator.clipboard ? copy : null, close));
  document.body.append(dialog);
  dialog.showModal();
}
