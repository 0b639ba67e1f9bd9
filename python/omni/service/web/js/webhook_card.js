// One subscriber: how it goes, its last deliveries, what was given up.

import { get, send } from "./api.js";
import { DeadLetters } from "./dead_letters.js";
import { button, element } from "./dom.js";
import { t } from "./texts.js";

const HEARD_MS = 6_000; // how long the outcome of a button is shown
const FIGURES = ["delivered", "waiting", "latency", "dead"];
const stamp = new Intl.DateTimeFormat(undefined, { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

export class WebhookCard {
  #id; #paused = false; #dot = element("span", { class: "dot" }); #name = element("h3"); #state = element("p", { class: "quiet state" });
  #cells = Object.fromEntries(FIGURES.map((name) => [name, element("dd")]));
  #note = element("p", { class: "quiet note", role: "status" }); #pause; #again; #forget; #letters; #details;
  #deliveries = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("webhooks.deliveries") });

  // on: {remove(): done, secret(text)}; null for what is in the settings alone, the broker: it can be tested, and read about
  constructor(id, live, on) {
    this.#id = id;
    const act = (label, action, options) => this.#button(label, action, options);
    this.#pause = act(t("webhooks.pause"), () => send("POST", this.#path("pause"), { paused: !this.#paused }));
    this.#again = act(t("webhooks.again_all"), () => this.#deal("replay", `endpoint=${encodeURIComponent(id)}`));
    this.#forget = act(t("webhooks.forget_all"), () => confirm(t("webhooks.sure_forget")) && this.#deal("purge", `endpoint=${encodeURIComponent(id)}`));
    this.#letters = new DeadLetters(
      () => this.#try(async () => (await get(`webhooks/dead?endpoint=${encodeURIComponent(id)}`)).data.dead),
      (what, letter) => this.#try(() => this.#deal(what, `id=${letter}`)));
    this.#details = element("details", { class: "letters", on: { toggle: () => this.#showDeliveries(live) } },
      element("summary", { text: t("webhooks.deliveries") }), act(t("webhooks.read_again"), () => this.#showDeliveries(live)), this.#deliveries);
    const figures = element("dl", { class: "tallies" }, ...FIGURES.map((name) => element("div", {}, element("dt", { text: t(`webhooks.${name}`) }), this.#cells[name])));
    this.element = element("section", { class: "panel webhook" },
      element("div", { class: "head" }, element("div", { class: "named" }, this.#dot, this.#name), element("div", { class: "tabs" },
        act(t("webhooks.test"), () => this.#test()), on && this.#pause,
        on && act(t("webhooks.rotate"), () => confirm(t("webhooks.sure_rotate", { id })) && this.#rotate(on.secret)),
        on && act(t("webhooks.remove"), () => on.remove(), { class: "danger" }))),
      this.#state, figures, this.#note, this.#details,
      element("div", { class: "dead-row" }, this.#letters.element, this.#again, this.#forget));
  }

  update(endpoint) {
    const { disabled, paused = false, last_failure: failure, dead, waiting } = endpoint;
    const state = disabled ? "disabled" : paused ? "paused" : failure ? "failing" : "ok";
    this.#paused = paused;
    this.#pause.textContent = t(paused ? "webhooks.resume" : "webhooks.pause");
    this.#dot.dataset.state = { disabled: "failed", paused: "", failing: "down", ok: "online" }[state];
    this.#name.textContent = endpoint.endpoint;
    this.element.ariaLabel = endpoint.endpoint;
    this.#state.textContent = `${t(`webhooks.state_${state}`, { reason: failure || disabled })} \u00b7 ${t(`webhooks.${endpoint.kind}`)}`;
    const latency = endpoint.latency.p50_ms;
    this.#cells.delivered.textContent = count(Object.values(endpoint.delivered).reduce((a, b) => a + b, 0));
    this.#cells.waiting.textContent = count(waiting);
    this.#cells.latency.textContent = latency === null ? "\u2013" : t("unit.ms", { n: latency.toFixed(0) });
    this.#cells.dead.textContent = count(dead);
    this.#cells.dead.classList.toggle("error", dead > 0);
    this.#again.hidden = this.#forget.hidden = !dead;
    this.#letters.update(dead);
  }

  async #showDeliveries(live) {
    if (!this.#details.open) return;
    await this.#try(async () => {
      const { data } = await get(this.#path("deliveries?limit=50"));
      const heads = ["when", "reason", "state", "attempts"].map((name) => element("th", { scope: "col", text: t(`webhooks.${name}`) }));
      const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)),
        element("tbody", {}, ...data.deliveries.map((one) => deliveryRow(one, live))));
      this.#deliveries.replaceChildren(data.deliveries.length ? table : element("p", { class: "quiet", text: t("webhooks.no_deliveries") }));
    });
  }

  async #test() {
    const { data: { delivered, failure, latency_ms: ms } } = await send("POST", this.#path("test"));
    this.#say(delivered ? t("webhooks.test_ok", { ms: ms.toFixed(0) }) : failure, !delivered);
  }

  async #rotate(show) {
    const { data } = await send("POST", this.#path("rotate"), {});
    show(data.secret);
  }

  async #deal(what, which) {
    const { data } = await send("POST", `webhooks/${what}?${which}`);
    this.#say(t("webhooks.done", { n: Object.values(data)[0] }));
  }

  #path(rest) { return `webhooks/${encodeURIComponent(this.#id)}/${rest}`; }

  #button(label, act, options = {}) {
    const made = button(label, async () => {
      made.disabled = true;
      await this.#try(act);
      made.disabled = false;
    }, options);
    return made;
  }

  // Answers what the act does; undefined where it fails, which is told.
  async #try(act) {
    try { return await act(); } catch (error) { this.#say(error.message, true); }
  }

  #say(text, failed = false) {
    this.#note.textContent = text;
    this.#note.classList.toggle("error", failed);
    setTimeout(() => { if (this.#note.textContent === text) this.#note.textContent = ""; }, HEARD_MS);
  }
}

function deliveryRow({ created, stream, reason, state, attempts }, live) {
  const told = attempts.map(({ at, status, error, duration_ms: ms }) =>
    element("li", { text: `${clock.format(1000 * at)} \u00b7 ${status ?? t("webhooks.no_answer")}${error ? ` \u00b7 ${error}` : ""} \u00b7 ${t("unit.ms", { n: Math.round(ms) })}` }));
  return element("tr", {}, element("td", { text: stamp.format(1000 * created) }), element("td", { text: `${reason} \u00b7 ${stream ? live.name(stream) : ""}` }),
    element("td", {}, element("span", { class: `state-${state}`, text: t(`webhooks.delivery_${state}`) })), element("td", {}, element("ol", { class: "attempts" }, ...told)));
}

function count(number) { return number.toLocaleString("en"); }
