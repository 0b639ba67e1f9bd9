// The form for somebody new to be told. What the service refuses is said at the field.

import { button, element } from "./dom.js";
import { t } from "./texts.js";

export class AddWebhook {
  #streams; #save; #fault = element("p", { class: "error", role: "alert" }); #faults = {}; #cameras = element("div", { class: "checks" });
  #url = element("input", { type: "url", name: "url", required: true, placeholder: "https://example.org/hook" });
  #id = element("input", { name: "id", required: true, pattern: "[A-Za-z0-9_.\\-]{1,64}" });
  #type = element("select", { name: "type" }, ...["processes", "events", "streams"].map((kind) => element("option", { value: kind, text: t(`webhooks.${kind}`) })));
  #sign = element("input", { type: "checkbox", name: "sign", checked: true }); #private = element("input", { type: "checkbox", name: "private" });

  // streams(): of the agent now. save(subscriber, sign): done, or fails with an ApiError.
  constructor(streams, save) {
    this.#streams = streams;
    this.#save = save;
    const label = (text, field) => {
      const fault = this.#faults[field.name] = element("p", { class: "error", role: "alert", id: `add-${field.name}-fault` });
      field.setAttribute("aria-describedby", fault.id);
      return element("div", {}, element("label", {}, element("span", { text }), field), fault);
    };
    const check = (text, field) => element("label", { class: "check" }, field, element("span", { text }));
    const submit = element("button", { class: "primary", text: t("webhooks.save") });
    this.element = element("form", { class: "add-form", hidden: true, on: { submit: (event) => { event.preventDefault(); this.#submit(submit); } } },
      label(t("webhooks.url"), this.#url), label(t("webhooks.id"), this.#id), label(t("webhooks.type"), this.#type),
      element("fieldset", {}, element("legend", { text: `${t("webhooks.streams")} (${t("webhooks.streams_all")})` }), this.#cameras),
      check(t("webhooks.sign"), this.#sign), check(t("webhooks.private"), this.#private), this.#fault,
      element("div", { class: "actions-row" }, button(t("webhooks.cancel"), () => this.close()), submit));
    this.#url.addEventListener("change", () => { this.#id.value ||= nameFrom(this.#url.value); });
  }

  open() {
    this.#cameras.replaceChildren(...this.#streams().map(({ stream_uuid: uuid, name }) => element("label", { class: "check" },
      element("input", { type: "checkbox", name: "stream", value: uuid }), element("span", { text: name }))));
    this.element.hidden = false;
    this.#url.focus();
  }

  close() {
    this.element.hidden = true;
    this.element.reset();
    this.#tell([]);
  }

  async #submit(submit) {
    submit.disabled = true;
    this.#tell([]);
    const chosen = [...this.#cameras.querySelectorAll(":checked")].map(({ value }) => value);
    try {
      await this.#save({
        url: this.#url.value, id: this.#id.value, type: this.#type.value, streams: chosen, private_networks: this.#private.checked,
      }, this.#sign.checked);
      this.close();
    } catch (error) {
      this.#tell(error.problems?.length ? error.problems : [{ path: "", message: error.message }]);
    }
    submit.disabled = false;
  }

  // Each at its field, what has none here below all of them.
  #tell(problems) {
    const fieldOf = ({ path }) => path.split("/").findLast((step) => step in this.#faults);
    const said = (name) => problems.filter((problem) => fieldOf(problem) === name).map(({ message }) => message).join("\n");
    for (const [name, fault] of Object.entries(this.#faults)) fault.textContent = said(name);
    this.#fault.textContent = said(undefined);
  }
}

function nameFrom(url) {
  try { return new URL(url).hostname.replace(/[^A-Za-z0-9_.-]/g, ""); } catch { return ""; }
}
