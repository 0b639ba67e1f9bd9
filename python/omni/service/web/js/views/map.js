// The floor map, as large as the page, with its cameras and a list of who is there and who sees them.

import { CameraWall } from "../cameras.js";
import { button, element } from "../dom.js";
import { FloorMap } from "../floor.js";
import { colour } from "../people.js";
import { t } from "../texts.js";

const LAYERS = { heat: "h", flow: "f", footprints: "c", trails: "r", uncertainty: "u" };

export function mount(root, { live, people, keys, navigate, session }) {
  const floor = new FloorMap(live, people);
  const wall = new CameraWall(live, people, (uuid) => navigate(`live/${uuid}`));
  const roll = new Roll(floor, live, people);
  floor.show("footprints", true);
  const switches = Object.keys(LAYERS).map((layer) =>
    button(t(`map.${layer}`), () => toggle(layer), { "aria-pressed": String(floor.shows(layer)), data: { layer }, title: LAYERS[layer] }));
  const toggle = (layer) => {
    floor.show(layer, !floor.shows(layer));
    for (const made of switches) made.setAttribute("aria-pressed", String(floor.shows(made.dataset.layer)));
  };
  floor.head.append(element("div", { class: "tabs", role: "group", "aria-label": t("map.layers") }, ...switches));
  const none = element("p", { class: "empty" }, t("map.none"), " ",
    session.scopes.includes("config") ? element("a", { href: "#calibrate", text: t("map.calibrate") }) : null);
  const side = element("aside", { class: "map-side", "aria-label": t("live.cameras") }, roll.element, wall.element);
  root.append(none, floor.element, side);
  const show = ({ views }) => {
    floor.element.hidden = side.hidden = !views.length;
    none.hidden = Boolean(views.length);
  };
  show(live.scene);
  const off = [
    live.on("scene", show), live.on("map", () => roll.update()), people.onLight(() => roll.update()),
    ...Object.entries(LAYERS).map(([layer, key]) => keys.on(key, () => toggle(layer))),
  ];
  return () => {
    off.forEach((end) => end());
    [floor, wall].forEach((part) => part.close());
  };
}

// Who is on the map, and which cameras see them. Rows stay while their words change.
class Roll {
  #floor; #live; #people; #rows = new Map(); #list = element("ul", { class: "roll" });

  constructor(floor, live, people) {
    this.#floor = floor;
    this.#live = live;
    this.#people = people;
    this.element = element("section", { class: "panel", tabindex: "0", "aria-label": t("map.people") }, element("div", { class: "head" }, element("h2", { text: t("map.people") })), this.#list);
    this.#list.dataset.empty = t("map.nobody");
    this.#list.addEventListener("pointerover", ({ target }) => people.light(target.closest("li")?.dataset.key ?? null));
    this.#list.addEventListener("pointerleave", () => people.light(null));
  }

  update() {
    const present = new Set();
    for (const object of this.#floor.objects) {
      const person = this.#people.ofObject(this.#floor.view.name, object.id);
      present.add(person.key);
      const row = this.#rows.get(person.key) ?? this.#row(person);
      const streams = Object.keys(object.source_objects);
      const name = Object.values(object.source_objects).map((source) => this.#people.nameOf(source.object_id)).find(Boolean);
      const seen = streams.length ? streams.map((stream) => this.#live.name(stream)).join(", ") : t("map.predicted");
      row.querySelector(".what").textContent = name ? `${name} \u00b7 ${seen}` : seen;
      row.classList.toggle("lit", person.key === this.#people.lit);
    }
    for (const [key, row] of this.#rows) if (!present.has(key)) { row.remove(); this.#rows.delete(key); }
  }

  #row(person) {
    const chip = element("span", { class: "chip", text: person.label });
    chip.style.background = colour(person.hue);
    const row = element("li", { data: { key: person.key } }, chip, element("span", { class: "what" }));
    this.#rows.set(person.key, row);
    this.#list.append(row);
    return row;
  }
}
