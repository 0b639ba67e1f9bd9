// The floor map: the plan or a grid, and people with number, trail, direction and uncertainty.

import { Surface, contain } from "./canvas.js";
import { button, element } from "./dom.js";
import { FlowLayer } from "./flow.js";
import { SIGMAS, axes, drawEllipse, drawFootprint, drawGrid, drawPuck, drawScale, drawTick, drawTrail } from "./floor_draw.js";
import { t } from "./texts.js";

const TRAIL_MS = 8000;
const AHEAD_S = 0.9; // the tick reaches where the person will be
const STILL_M_S = 0.25;
const REACH = 20;

export class FloorMap {
  #live; #people; #surface; #tip; #tabs; #view = null; #plan = null; #trails = new Map(); #pointer = null; #off;
  #flow = new FlowLayer(() => this.redraw());
  #layers = { trails: true, uncertainty: true, footprints: false, heat: false, flow: false };

  constructor(live, people) {
    this.#live = live;
    this.#people = people;
    const canvas = element("canvas", { role: "img", "aria-label": t("map.canvas") });
    this.#tip = element("p", { class: "tip", hidden: true });
    this.#tabs = element("div", { class: "tabs", role: "group", "aria-label": t("map.views") });
    this.head = element("div", { class: "head" }, element("h2", { text: t("map.title") }), this.#tabs);
    this.element = element("section", { class: "floor panel" }, this.head, element("div", { class: "stage" }, canvas, this.#tip));
    this.#surface = new Surface(canvas, (context) => this.#draw(context));
    canvas.addEventListener("pointermove", (event) => this.#point(event.offsetX, event.offsetY));
    canvas.addEventListener("pointerdown", (event) => this.#point(event.offsetX, event.offsetY));
    canvas.addEventListener("pointerleave", () => this.#point(-1e6, -1e6));
    const redraw = () => this.redraw();
    addEventListener("themechange", redraw);
    this.#off = [
      () => removeEventListener("themechange", redraw), people.onLight(redraw),
      live.on("scene", ({ views }) => this.#choose(views)), live.on("map", () => this.#update()),
    ];
    this.#choose(live.scene.views);
  }

  get view() { return this.#view; }

  // Whether one of trails, uncertainty, footprints, heat, flow is shown.
  shows(layer) { return this.#layers[layer]; }

  show(layer, shown) {
    this.#layers[layer] = shown;
    this.#followFlow();
    this.redraw();
  }

  get objects() { return this.#document?.objects ?? []; }

  get #document() { return this.#live.views.get(this.#view?.name) ?? null; }

  close() {
    this.#flow.follow(null);
    this.#off.forEach((off) => off());
    this.#surface.close();
  }

  redraw() { this.#surface.redraw(); }

  #choose(views) {
    this.#tabs.replaceChildren(...(views.length > 1 ? views.map((view) => button(view.name, () => this.#open(view))) : []));
    this.#open(views.find((view) => view.name === this.#view?.name) ?? views[0] ?? null);
  }

  #open(view) {
    this.#view = view;
    this.#plan = null;
    this.#trails.clear();
    for (const tab of this.#tabs.children) tab.setAttribute("aria-pressed", String(tab.textContent === view?.name));
    if (view?.plan) {
      const plan = new Image();
      plan.onload = () => { if (this.#view === view) { this.#plan = plan; this.redraw(); } };
      plan.src = view.plan.url;
    }
    this.#followFlow();
    this.#update();
  }

  #followFlow() { this.#flow.follow(this.#layers.heat || this.#layers.flow ? this.#view?.name ?? null : null); }

  #update() {
    const document = this.#document;
    if (document) this.#follow(document);
    if (this.#pointer) this.#point(...this.#pointer);
    this.redraw();
  }

  #follow({ camera_frames_data: frames, objects }) {
    const now = Math.max(0, ...Object.values(frames).map((data) => data.timestamp_millisec));
    const present = new Set();
    for (const { id, bbox: [x, y] } of objects) {
      present.add(id);
      const trail = this.#trails.get(id) ?? [];
      if (trail.at(-1)?.t !== now) trail.push({ x, y, t: now });
      while (trail.length && trail[0].t < now - TRAIL_MS) trail.shift();
      this.#trails.set(id, trail);
    }
    for (const id of this.#trails.keys()) if (!present.has(id)) this.#trails.delete(id);
  }

  #place() {
    const [x0, y0, x1, y1] = this.#view.extent;
    const { x, y, scale } = contain(x1 - x0, y1 - y0, this.#surface.width, this.#surface.height);
    return { x: x - x0 * scale, y: y - y0 * scale, scale };
  }

  #draw(context) {
    if (!this.#view) return;
    const place = this.#place();
    const dark = document.documentElement.dataset.theme === "dark";
    if (this.#plan) this.#drawPlan(context, place, dark);
    else drawGrid(context, this.#surface, place, this.#view.metres_per_unit, dark);
    if (this.#layers.heat) this.#flow.drawHeat(context, place);
    if (this.#layers.footprints) this.#drawFootprints(context, place);
    if (this.#layers.flow) this.#flow.drawFlow(context, place);
    const objects = [...this.objects].sort((a, b) => this.#rank(a) - this.#rank(b));
    if (this.#layers.trails) {
      for (const { id } of objects) {
        const person = this.#people.ofObject(this.#view.name, id);
        drawTrail(context, place, this.#trails.get(id) ?? [], person.hue, this.#fade(person));
      }
    }
    for (const object of objects) this.#drawPerson(context, place, object);
    const [left, , , bottom] = this.#view.extent;
    const corner = [place.x + left * place.scale + 18, place.y + bottom * place.scale - 20];
    drawScale(context, corner, place.scale / this.#view.metres_per_unit, dark);
  }

  #drawPlan(context, place, dark) {
    const { width, height } = this.#view.plan;
    context.save();
    context.globalAlpha = dark ? 0.62 : 1;
    context.beginPath();
    context.roundRect(place.x, place.y, width * place.scale, height * place.scale, 7);
    context.clip();
    context.drawImage(this.#plan, place.x, place.y, width * place.scale, height * place.scale);
    context.restore();
  }

  // The cameras that see the person who is pointed at stand out.
  #drawFootprints(context, place) {
    const lit = this.objects.find(({ id }) => this.#people.ofObject(this.#view.name, id).key === this.#people.lit);
    const seeing = lit ? Object.keys(lit.source_objects) : [];
    Object.entries(this.#view.footprints).forEach(([stream, corners], i) => {
      drawFootprint(context, place, corners, this.#live.name(stream), i, seeing.includes(stream));
    });
  }

  #rank(object) { return this.#people.ofObject(this.#view.name, object.id).key === this.#people.lit ? Infinity : object.bbox[1]; }

  #fade(person) { return this.#people.lit && person.key !== this.#people.lit ? 0.3 : 1; }

  #drawPerson(context, place, object) {
    const person = this.#people.ofObject(this.#view.name, object.id);
    const [x, y] = [place.x + object.bbox[0] * place.scale, place.y + object.bbox[1] * place.scale];
    const { covariance, velocity_m_s: velocity } = object.omni ?? {};
    context.globalAlpha = this.#fade(person);
    if (covariance && this.#layers.uncertainty) drawEllipse(context, x, y, covariance, place.scale, person.hue);
    if (velocity && Math.hypot(...velocity) > STILL_M_S) {
      const reach = (AHEAD_S * place.scale) / this.#view.metres_per_unit;
      drawTick(context, x, y, velocity, reach, person.hue);
    }
    const seen = Object.keys(object.source_objects).length;
    drawPuck(context, x, y, person, seen > 0, person.key === this.#people.lit);
    context.globalAlpha = 1;
  }

  #point(x, y) {
    this.#pointer = x < 0 ? null : [x, y];
    if (!this.#view) return;
    const place = this.#place();
    const near = this.objects
      .map((object) => ({ object, d: Math.hypot(place.x + object.bbox[0] * place.scale - x, place.y + object.bbox[1] * place.scale - y) }))
      .filter(({ d }) => d < REACH)
      .sort((a, b) => a.d - b.d)[0]?.object;
    this.#people.light(near ? this.#people.ofObject(this.#view.name, near.id).key : null);
    this.#tip.hidden = !near;
    if (near) {
      this.#tip.textContent = this.#describe(near);
      const left = Math.min(x + 16, this.#surface.width - this.#tip.offsetWidth - 4);
      this.#tip.style.transform = `translate(${left}px, ${Math.min(y + 16, this.#surface.height - this.#tip.offsetHeight)}px)`;
    }
  }

  #describe({ id, source_objects: sources, omni }) {
    const cameras = Object.keys(sources).map((stream) => this.#live.name(stream));
    const lines = [t("map.person", { id }), cameras.length ? t("map.seen_by", { cameras: cameras.join(", ") }) : t("map.predicted")];
    if (omni?.velocity_m_s) lines.push(t("map.speed", { speed: Math.hypot(...omni.velocity_m_s).toFixed(1) }));
    if (omni?.covariance) {
      const [wide] = axes(omni.covariance);
      lines.push(t("map.sigma", { metres: (SIGMAS * wide * this.#view.metres_per_unit).toFixed(2) }));
    }
    if (omni?.age_s !== undefined) lines.push(t("map.age", { seconds: omni.age_s.toFixed(0) }));
    return lines.join("\n");
  }
}
