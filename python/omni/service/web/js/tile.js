// One camera: its picture with the boxes that came in the same message, trails, and how it is doing.

import { FONT, Surface, contain, fitting } from "./canvas.js";
import { element } from "./dom.js";
import { colour } from "./people.js";
import { drawRegion } from "./region_draw.js";
import { has, t } from "./texts.js";

const TRAIL_S = 4;
const MOST_TRAILS = 200;
const NAME_WIDTH = 150; // of a person's at most

export class Tile {
  #live; #people; #surface; #bitmap = null; #header = null; #decoding = false; #next = null; #rate; #note; #name; #stream = null;
  #trails = new Map(); // track id -> [{x, y, t}] of the feet, relative to the picture
  aspect = 16 / 9;

  // chosen: called when the camera is wanted large.
  constructor(uuid, live, people, chosen) {
    this.uuid = uuid;
    this.#live = live;
    this.#people = people;
    const canvas = element("canvas", { "aria-hidden": "true" });
    this.#name = element("b");
    this.#rate = element("span", { class: "rate" });
    this.#note = element("p", { class: "note", hidden: true });
    this.element = element("button", { type: "button", class: "tile", data: { stream: uuid }, on: { click: () => chosen(uuid) } },
      canvas, this.#note, element("span", { class: "caption" }, this.#name, this.#rate));
    this.#surface = new Surface(canvas, (context) => this.#draw(context));
    canvas.addEventListener("pointermove", (event) => this.#point(event));
    canvas.addEventListener("pointerleave", () => people.light(null));
  }

  get boxes() { return this.#header?.tracks.length ?? 0; }

  close() {
    this.#surface.close();
    this.#bitmap?.close();
    this.#bitmap = null;
    this.element.remove();
  }

  redraw() { this.#surface.redraw(); }

  status(stream) {
    this.#stream = stream;
    this.#name.textContent = stream.name;
    this.element.setAttribute("aria-label", t("live.enlarge", { name: stream.name }));
    if (!this.#bitmap && stream.image_size) this.aspect = stream.image_size[0] / stream.image_size[1];
    this.element.dataset.state = stream.state;
    const online = stream.state === "online";
    this.#rate.textContent = online ? t("unit.fps", { n: stream.fps.toFixed(1) }) : has(`state.${stream.state}`) ? t(`state.${stream.state}`) : stream.state;
    this.#note.textContent = noteOf(stream, Boolean(this.#bitmap));
    this.#note.hidden = !this.#note.textContent;
    this.#note.classList.toggle("slim", stream.state === "degraded");
  }

  // Newest wins: a picture that comes while one is being decoded replaces the one that waits. True: new proportions.
  async show(header, jpeg) {
    this.#next = { header, jpeg };
    if (this.#decoding) return false;
    this.#decoding = true;
    let reshaped = false;
    try {
      while (this.#next) {
        const newest = this.#next;
        this.#next = null;
        const bitmap = await createImageBitmap(newest.jpeg);
        this.#bitmap?.close();
        this.#bitmap = bitmap;
        this.#header = newest.header;
        this.#follow(newest.header);
        if (this.#stream?.state === "online") this.#note.hidden = true;
        const aspect = newest.header.image_size[0] / newest.header.image_size[1];
        reshaped ||= Math.abs(aspect - this.aspect) > 0.001;
        this.aspect = aspect;
        this.redraw();
      }
    } finally {
      this.#decoding = false;
    }
    return reshaped;
  }

  #follow({ tracks, timestamp }) {
    for (const { id, box } of tracks) {
      const trail = this.#trails.get(id) ?? [];
      if (trail.length && trail.at(-1).t > timestamp) trail.length = 0; // the video began anew
      trail.push({ x: (box[0] + box[2]) / 2, y: box[3], t: timestamp });
      this.#trails.set(id, trail);
    }
    for (const [id, trail] of this.#trails) {
      while (trail.length && trail[0].t < timestamp - TRAIL_S) trail.shift();
      if (!trail.length || this.#trails.size > MOST_TRAILS) this.#trails.delete(id);
    }
  }

  #place() {
    const { x, y, scale } = contain(this.#bitmap.width, this.#bitmap.height, this.#surface.width, this.#surface.height);
    return { x, y, width: this.#bitmap.width * scale, height: this.#bitmap.height * scale };
  }

  #draw(context) {
    if (!this.#bitmap) return;
    const place = this.#place();
    context.drawImage(this.#bitmap, place.x, place.y, place.width, place.height);
    this.#drawRegions(context, place);
    const people = this.#header.tracks.map(({ id, box, object_id: human }) => ({
      id, person: this.#people.ofTrack(this.uuid, id), name: this.#people.nameOf(human),
      left: place.x + box[0] * place.width, top: place.y + box[1] * place.height,
      right: place.x + box[2] * place.width, bottom: place.y + box[3] * place.height,
    }));
    people.sort((a, b) => a.bottom - b.bottom); // nearer people over farther ones
    for (const { id, person } of people) drawTrail(context, place, this.#trails.get(id) ?? [], person, this.#people.lit);
    const size = Math.min(Math.max(place.width / 520, 1), 1.7); // of labels: larger on large pictures
    for (const box of people) drawBox(context, box, size, this.#people.lit);
  }

  #drawRegions(context, place) {
    const now = performance.now();
    let glows = false;
    for (const region of this.#live.regionsOf(this.uuid)) {
      const { glow, direction } = this.#live.occupancy.flash(this.uuid, region.uuid, now);
      drawRegion(context, place, region, { inside: this.#live.occupancy.inside(this.uuid, region.uuid), glow, direction });
      glows ||= glow > 0;
    }
    if (glows) this.redraw();
  }

  #point({ offsetX, offsetY }) {
    if (!this.#bitmap) return;
    const { x, y, width, height } = this.#place();
    const [u, v] = [(offsetX - x) / width, (offsetY - y) / height];
    const hits = this.#header.tracks.filter(({ box }) => u >= box[0] && u <= box[2] && v >= box[1] && v <= box[3]);
    hits.sort((a, b) => b.box[3] - a.box[3]);
    this.#people.light(hits.length ? this.#people.ofTrack(this.uuid, hits[0].id).key : null);
  }
}

function noteOf({ state, reason, next_try_s: nextTry }, hasPicture) {
  if (state === "online") return hasPicture ? "" : t("state.note_idle");
  const what = has(`state.note_${state}`) ? t(`state.note_${state}`) : "";
  const lines = [[what, reason].filter(Boolean).join(": ")];
  if (typeof nextTry === "number") lines.push(nextTry >= 1 ? t("state.again", { seconds: Math.ceil(nextTry) }) : t("state.again_now"));
  return lines.filter(Boolean).join("\n");
}

function drawTrail(context, place, trail, person, lit) {
  if (trail.length < 2) return;
  const fade = lit && lit !== person.key ? 0.25 : 1;
  context.lineCap = "round";
  context.lineWidth = 2.5;
  context.strokeStyle = colour(person.hue);
  for (let i = 1; i < trail.length; i++) {
    context.globalAlpha = fade * 0.9 * (i / trail.length) ** 1.5;
    context.beginPath();
    context.moveTo(place.x + trail[i - 1].x * place.width, place.y + trail[i - 1].y * place.height);
    context.lineTo(place.x + trail[i].x * place.width, place.y + trail[i].y * place.height);
    context.stroke();
  }
  context.globalAlpha = 1;
}

function drawBox(context, { person, name, left, top, right, bottom }, size, lit) {
  const isLit = person.key === lit;
  context.globalAlpha = lit && !isLit ? 0.35 : 1;
  outline(context, left, top, right - left, bottom - top, "#000a", size + (isLit ? 4.5 : 2.5));
  outline(context, left, top, right - left, bottom - top, colour(person.hue), size + (isLit ? 2.5 : 1));
  context.font = `650 ${12 * size}px ${FONT}`;
  const label = name ? `${person.label}  ${fitting(context, name, NAME_WIDTH * size)}` : person.label;
  const height = 17 * size;
  const width = Math.max(context.measureText(label).width + 10 * size, 20 * size);
  const [x, y] = [Math.max(left - 1, 0), top >= height + 1 ? top - height - 1 : top];
  context.fillStyle = colour(person.hue);
  context.beginPath();
  context.roundRect(x, y, width, height, 4 * size);
  context.fill();
  context.fillStyle = "#0b0e12";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(label, x + width / 2, y + 0.53 * height);
  context.globalAlpha = 1;
}

function outline(context, x, y, width, height, style, line) {
  context.strokeStyle = style;
  context.lineWidth = line;
  context.beginPath();
  context.roundRect(x, y, width, height, 3);
  context.stroke();
}
