// The gallery: who is known, photos in, and what a match means.

import { get, send } from "../api.js";
import { button, element } from "../dom.js";
import { FaceImport } from "../face_import.js";
import { explainThreshold, showModels } from "../face_threshold.js";
import { t } from "../texts.js";

const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

export function mount(root, { live }) {
  const view = new FacesView(live);
  root.append(view.element);
  view.read();
  return live.on("link", ({ state }) => { if (state === "live" && view.failed) view.read(); });
}

class FacesView {
  failed = false; // it could not be read
  #live; #profiles = []; #facts = null; #grid = element("ul", { class: "gallery" }); #note = element("p", { class: "quiet note", role: "status" });
  #find = element("input", { type: "search", "aria-label": t("faces.find"), placeholder: t("faces.find"), on: { input: () => this.#show() } });
  #group = element("select", { "aria-label": t("faces.all_groups"), on: { change: () => this.#show() } });
  #count = element("span", { class: "quiet" }); #side = element("aside", { class: "side" }); #import; #main;

  constructor(live) {
    this.#live = live;
    this.#import = new FaceImport(() => this.#profiles, () => this.#readProfiles());
    const head = element("div", { class: "head" }, element("h2", { text: t("faces.title") }), this.#count,
      element("div", { class: "tabs" }, this.#find, this.#group));
    this.#main = element("section", { class: "panel" }, head, this.#note, this.#grid);
    this.element = element("div", { class: "page faces" }, element("div", {}, this.#import.element, this.#main), this.#side);
  }

  async read() {
    this.failed = false;
    try {
      const [{ data: { config } }, about] = await Promise.all([get("config"), fetch("about").then((answer) => answer.json())]);
      if (!config.pipelines.face.enabled) {
        this.#off();
        return;
      }
      this.#facts = { config, about };
      await this.#readProfiles();
    } catch (error) {
      this.failed = true;
      this.#say(error.message);
    }
  }

  async #readProfiles() {
    this.#profiles = (await get("faces")).data.profiles;
    this.#show();
    const { config, about } = this.#facts;
    this.#side.replaceChildren(explainThreshold(config, this.#profiles.length), this.#import.match, showModels(config, this.#live.status, about));
  }

  #show() {
    const groups = [...new Set(this.#profiles.flatMap((profile) => profile.groups))].sort();
    const chosen = groups.includes(this.#group.value) ? this.#group.value : "";
    this.#group.hidden = !groups.length;
    this.#group.replaceChildren(element("option", { value: "", text: t("faces.all_groups") }),
      ...groups.map((group) => element("option", { value: group, text: group.slice(0, 8), selected: group === chosen })));
    const wanted = this.#find.value.trim().toLowerCase();
    const shown = this.#profiles.filter(({ name, groups: of }) => name.toLowerCase().includes(wanted) && (!chosen || of.includes(chosen)));
    this.#count.textContent = shown.length === this.#profiles.length ? String(shown.length) : `${shown.length} / ${this.#profiles.length}`;
    this.#grid.replaceChildren(...shown.map((profile) => this.#card(profile)));
    this.#say(this.#profiles.length ? "" : t("faces.none"));
  }

  #card(profile) {
    const { id, name, groups, samples, created } = profile;
    const file = element("input", { type: "file", accept: "image/*", multiple: true, "aria-label": t("faces.more_photos", { name }), on: { change: () => this.#import.take(file.files, profile) } });
    const about = [samples === 1 ? t("faces.one_sample") : t("faces.samples", { n: samples }), t("faces.since", { date: day.format(1000 * created) })];
    return element("li", { class: "profile" }, element("span", { class: "initials", "aria-hidden": "true", text: initials(name) }),
      element("div", {}, element("strong", { text: name }), element("span", { class: "quiet", text: about.join(" \u00b7 ") }),
        groups.length ? element("span", { class: "quiet", text: groups.map((group) => group.slice(0, 8)).join(", ") }) : null),
      element("div", { class: "tabs" }, element("label", { class: "button file", title: t("faces.more_photos", { name }) }, element("span", { text: "+" }), file),
        button(t("faces.delete"), () => this.#remove(id, name), { class: "danger" })));
  }

  async #remove(id, name) {
    if (!confirm(t("faces.sure_delete", { name }))) return;
    try {
      await send("DELETE", `faces/${id}`);
      await this.#readProfiles();
    } catch (error) { this.#say(error.message); }
  }

  #say(text) {
    this.#note.textContent = text;
    this.#note.hidden = !text;
  }

  #off() {
    this.element.replaceChildren(element("section", { class: "panel empty" }, element("h2", { text: t("faces.off") }), element("p", { text: t("faces.off_hint") }),
      element("p", {}, element("a", { href: "#settings/pipelines", text: t("faces.switch_on") }))));
  }
}

function initials(name) { return name.split(/\s+/).slice(0, 2).map((word) => word[0] ?? "").join("").toUpperCase(); }
