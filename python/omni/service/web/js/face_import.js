// Photos into the gallery, one after the other, with a word on each; and who is in a photo.

import { send } from "./api.js";
import { button, element } from "./dom.js";
import { t } from "./texts.js";

const DIGITS = 3;

export class FaceImport {
  #profiles; #changed; #report = element("ul", { class: "report" }); #waiting = Promise.resolve();
  #groups = element("input", { name: "groups", "aria-label": t("faces.groups"), placeholder: t("faces.groups") }); #found = element("ul", { class: "report" });

  // profiles(): those that are known; changed(): there are others now.
  constructor(profiles, changed) {
    this.#profiles = profiles;
    this.#changed = changed;
    const files = element("input", { type: "file", accept: "image/*", multiple: true, "aria-label": t("faces.choose"), on: { change: () => this.take(files.files) } });
    const zone = element("label", { class: "drop", on: {
      dragover: (event) => { event.preventDefault(); zone.classList.add("over"); },
      dragleave: () => zone.classList.remove("over"),
      drop: (event) => { event.preventDefault(); zone.classList.remove("over"); this.take(event.dataTransfer.files); },
    } }, element("strong", { text: t("faces.drop") }), element("span", { class: "quiet", text: t("faces.drop_hint") }), files);
    this.element = element("section", { class: "panel import" }, zone, this.#groups, element("div", { role: "status", "aria-label": t("faces.report") }, this.#report));
    const photo = element("input", { type: "file", accept: "image/*", "aria-label": t("faces.match"), on: { change: () => this.#match(photo.files[0]) } });
    this.match = element("section", { class: "panel card" }, element("h2", { text: t("faces.match") }), photo, element("div", { role: "status" }, this.#found));
  }

  // owner: whose photos they are; without one, the file's name says.
  take(files, owner = null) {
    for (const file of files) {
      const row = element("li", {}, element("strong", { text: file.name }), element("span", { class: "quiet", text: t("faces.reading") }));
      this.#report.prepend(row);
      this.#waiting = this.#waiting.then(() => this.#add(file, owner, row.lastChild));
    }
  }

  async #add(file, owner, word) {
    const name = nameFrom(file.name);
    const known = owner ?? this.#profiles().find((profile) => profile.name === name);
    const groups = this.#groups.value.trim();
    const path = known ? `faces/${known.id}/samples` : `faces?${new URLSearchParams(groups ? { name, groups } : { name })}`;
    try {
      await send("POST", path, file);
      word.textContent = t(known ? "faces.added_sample" : "faces.added");
      word.className = "good";
      await this.#changed();
    } catch (error) {
      word.textContent = t("faces.refused", { reason: error.message });
      word.className = "error";
    }
  }

  async #match(photo) {
    if (!photo) return;
    try {
      const { faces } = (await send("POST", "faces/match", photo)).data;
      this.#found.replaceChildren(...(faces.length ? faces.map((face) => this.#whose(face)) : [element("li", { text: t("faces.no_face") })]));
    } catch (error) {
      this.#found.replaceChildren(element("li", { class: "error", text: error.message }));
    }
  }

  #whose({ profiles: [best] }) {
    if (!best) return element("li", { text: t("faces.nobody") });
    const name = this.#profiles().find(({ id }) => id === best.id)?.name ?? best.id.slice(0, 8);
    const figures = { distance: best.distance.toFixed(DIGITS), score: best.score.toFixed(DIGITS), far: best.far.toPrecision(2) };
    return element("li", { text: t("faces.match_is", { name, ...figures }) });
  }
}

// "ann lee_2.jpg" -> "ann lee"
function nameFrom(file) {
  const stem = file.replace(/\.[^.]*$/, "");
  return stem.replace(/[\s_\-(]*\d+\)?$/, "").replaceAll("_", " ").trim() || stem;
}
