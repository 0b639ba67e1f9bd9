// The floor map: the plan or a grid, and people with number, trail, direction and uncertainty.

import { FONT, Surface, contain } from "./canvas.js";
import { colour } from "./people.js";

const TRAIL_MS = 8000;
const AHEAD_S = 0.9; // the tick reaches where the person will be
const STILL_M_S = 0.25;
const SIGMAS = 2;
const RADIUS = 11;
const REACH = 20;

export class FloorMap {
  #surface; #tip; #people; #names; #view = null; #plan = null; #document = null; #trails = new Map(); #pointer = null;

  // names: stream_uuid -> name
  constructor(canvas, tip, people, names) {
    this.#tip = tip;
    this.#people = people;
    this.#names = names;
    this.#surface = new Surface(canvas, (context) => this.#draw(context));
    people.onLight(() => this.#surface.redraw());
    addEventListener("themechange", () => this.#surface.redraw());
    canvas.addEventListener("pointermove", (event) => this.#point(event.offsetX, event.offsetY));
    canvas.addEventListener("pointerdown", (event) => this.#point(event.offsetX, event.offsetY));
    canvas.addEventListener("pointerleave", () => this.#point(-1e6, -1e6));
  }

  open(view) {
    this.#view = view;
    this.#plan = null;
    this.#document = null;
    this.#trails.clear();
    if (view.plan) {
      const plan = new Image();
      plan.onload = () => { if (this.#view === view) { this.#plan = plan; this.#surface.redraw(); } };
      plan.src = view.plan.url;
    }
    this.#surface.redraw();
  }

  get name() { return this.#view?.name; }

  update(document) {
    this.#document = document;
    const now = Math.max(0, ...Object.values(document.camera_frames_data).map((data) => data.timestamp_millisec));
    const present = new Set();
    for (const { id, bbox: [x, y] } of document.objects) {
      present.add(id);
      const trail = this.#trails.get(id) ?? [];
      if (trail.at(-1)?.t !== now) trail.push({ x, y, t: now });
      while (trail.length && trail[0].t < now - TRAIL_MS) trail.shift();
      this.#trails.set(id, trail);
    }
    for (const id of this.#trails.keys()) if (!present.has(id)) this.#trails.delete(id);
    if (this.#pointer) this.#point(...this.#pointer);
    this.#surface.redraw();
  }

  #place() {
    const [x0, y0, x1, y1] = this.#view.extent;
    const { x, y, scale } = contain(x1 - x0, y1 - y0, this.#surface.width, this.#surface.height);
    return { x: x - x0 * scale, y: y - y0 * scale, scale };
  }

  #draw(context) {
    if (!this.#view) return;
    const place = this.#place();
    const dark = window.document.documentElement.dataset.theme === "dark";
    if (this.#plan) {
      context.globalAlpha = dark ? 0.62 : 1;
      const { width, height } = this.#view.plan;
      context.save();
      context.beginPath();
      context.roundRect(place.x, place.y, width * place.scale, height * place.scale, 7);
      context.clip();
      context.drawImage(this.#plan, place.x, place.y, width * place.scale, height * place.scale);
      context.restore();
      context.globalAlpha = 1;
    } else {
      drawGrid(context, this.#surface, place, this.#view.metres_per_unit, dark);
    }
    const objects = [...(this.#document?.objects ?? [])].sort((a, b) => this.#rank(a) - this.#rank(b));
    for (const object of objects) this.#drawTrail(context, place, object);
    for (const object of objects) this.#drawPerson(context, place, object);
    const [left, , , bottom] = this.#view.extent;
    const corner = [place.x + left * place.scale + 18, place.y + bottom * place.scale - 20];
    drawScale(context, corner, place.scale / this.#view.metres_per_unit, dark);
  }

  #rank(object) { return this.#person(object).key === this.#people.lit ? Infinity : object.bbox[1]; }

  #person(object) { return this.#people.ofObject(this.#view.name, object.id); }

  #fade(person) { return this.#people.lit && person.key !== this.#people.lit ? 0.3 : 1; }

  #drawTrail(context, place, object) {
    const person = this.#person(object);
    const trail = this.#trails.get(object.id) ?? [];
    context.lineCap = "round";
    const draw = (style, width) => {
      context.lineWidth = width;
      for (let i = 1; i < trail.length; i++) {
        context.globalAlpha = this.#fade(person) * (i / trail.length) ** 1.4;
        context.strokeStyle = style;
        context.beginPath();
        context.moveTo(place.x + trail[i - 1].x * place.scale, place.y + trail[i - 1].y * place.scale);
        context.lineTo(place.x + trail[i].x * place.scale, place.y + trail[i].y * place.scale);
        context.stroke();
      }
    };
    draw("#0006", 5);
    draw(colour(person.hue), 3);
    context.globalAlpha = 1;
  }

  #drawPerson(context, place, object) {
    const person = this.#person(object);
    const [x, y] = [place.x + object.bbox[0] * place.scale, place.y + object.bbox[1] * place.scale];
    const { covariance, velocity_m_s: velocity } = object.omni ?? {};
    context.globalAlpha = this.#fade(person);
    if (covariance) drawEllipse(context, x, y, covariance, place.scale, person.hue);
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
    if (!this.#view || !this.#document) return;
    const place = this.#place();
    const near = this.#document.objects
      .map((object) => ({ object, d: Math.hypot(place.x + object.bbox[0] * place.scale - x, place.y + object.bbox[1] * place.scale - y) }))
      .filter(({ d }) => d < REACH)
      .sort((a, b) => a.d - b.d)[0]?.object;
    this.#people.light(near ? this.#person(near).key : null);
    this.#tip.hidden = !near;
    if (near) {
      this.#tip.textContent = this.#describe(near);
      const left = Math.min(x + 16, this.#surface.width - this.#tip.offsetWidth - 4);
      this.#tip.style.transform = `translate(${left}px, ${Math.min(y + 16, this.#surface.height - this.#tip.offsetHeight)}px)`;
    }
  }

  #describe({ id, source_objects, omni }) {
    const cameras = Object.keys(source_objects).map((stream) => this.#names.get(stream) ?? stream.slice(0, 8));
    const lines = [`Person ${id}`, cameras.length ? `seen by ${cameras.join(", ")}` : "out of sight, predicted"];
    if (omni?.velocity_m_s) lines.push(`${Math.hypot(...omni.velocity_m_s).toFixed(1)} m/s`);
    if (omni?.covariance) {
      const [wide] = axes(omni.covariance);
      lines.push(`\u00b1 ${(SIGMAS * wide * this.#view.metres_per_unit).toFixed(2)} m`);
    }
    if (omni?.age_s !== undefined) lines.push(`here for ${omni.age_s.toFixed(0)} s`);
    return lines.join("\n");
  }
}

function drawPuck(context, x, y, person, seen, lit) {
  context.font = `680 11.5px ${FONT}`;
  const half = Math.max(RADIUS, context.measureText(person.label).width / 2 + 6);
  const puck = (grow) => {
    context.beginPath();
    context.roundRect(x - half - grow, y - RADIUS - grow, 2 * (half + grow), 2 * (RADIUS + grow), RADIUS + grow);
  };
  context.fillStyle = "#0b0e12";
  puck(lit ? 4.5 : 2.5);
  context.globalAlpha *= 0.75;
  context.fill();
  context.globalAlpha /= 0.75;
  context.fillStyle = lit ? "#fff" : colour(person.hue);
  puck(lit ? 2.5 : 0);
  context.fill();
  if (lit || !seen) {
    context.fillStyle = seen ? colour(person.hue) : "#0b0e12";
    puck(seen ? 0 : -2);
    context.fill();
  }
  context.fillStyle = seen ? "#0b0e12" : colour(person.hue);
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(person.label, x, y + 0.5);
}

// A wedge whose tip is where the person will be.
function drawTick(context, x, y, [vx, vy], reach, hue) {
  const speed = Math.hypot(vx, vy);
  const length = Math.max(speed * reach, RADIUS + 7);
  const heading = Math.atan2(vy, vx);
  const side = (turn) => [x + RADIUS * Math.cos(heading + turn), y + RADIUS * Math.sin(heading + turn)];
  context.beginPath();
  context.moveTo(...side(-0.75));
  context.lineTo(x + length * Math.cos(heading), y + length * Math.sin(heading));
  context.lineTo(...side(0.75));
  context.closePath();
  context.lineJoin = "round";
  context.strokeStyle = "#0b0e12bf";
  context.lineWidth = 5;
  context.stroke();
  context.fillStyle = colour(hue);
  context.fill();
}

function drawEllipse(context, x, y, covariance, scale, hue) {
  const [wide, narrow, angle] = axes(covariance);
  context.beginPath();
  context.ellipse(x, y, SIGMAS * wide * scale, SIGMAS * narrow * scale, angle, 0, 2 * Math.PI);
  context.fillStyle = colour(hue, 0.2);
  context.fill();
  context.strokeStyle = colour(hue, 0.85);
  context.lineWidth = 1;
  context.stroke();
}

// Standard deviations along the long and the short axis, and the angle of the long one.
function axes([[a, b], [, d]]) {
  const [mean, spread] = [(a + d) / 2, Math.hypot((a - d) / 2, b)];
  return [Math.sqrt(mean + spread), Math.sqrt(Math.max(mean - spread, 0)), Math.atan2(2 * b, a - d) / 2];
}

function drawGrid(context, { width, height }, place, metresPerUnit, dark) {
  const step = nice(48 / (place.scale / metresPerUnit)) * (place.scale / metresPerUnit);
  context.fillStyle = dark ? "#0e1217" : "#f5f6f8";
  context.fillRect(0, 0, width, height);
  context.strokeStyle = dark ? "#222933" : "#e2e6eb";
  context.lineWidth = 1;
  context.beginPath();
  for (let x = ((place.x % step) + step) % step; x < width; x += step) { context.moveTo(Math.round(x) + 0.5, 0); context.lineTo(Math.round(x) + 0.5, height); }
  for (let y = ((place.y % step) + step) % step; y < height; y += step) { context.moveTo(0, Math.round(y) + 0.5); context.lineTo(width, Math.round(y) + 0.5); }
  context.stroke();
}

function drawScale(context, [x, y], pixelsPerMetre, dark) {
  const metres = nice(70 / pixelsPerMetre);
  const length = metres * pixelsPerMetre;
  context.fillStyle = dark ? "#13171de6" : "#ffffffe6";
  context.beginPath();
  context.roundRect(x - 8, y - 18, length + 16, 29, 6);
  context.fill();
  context.strokeStyle = context.fillStyle = dark ? "#e8ebf0" : "#15191f";
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x, y); context.lineTo(x, y + 4); context.lineTo(x + length, y + 4); context.lineTo(x + length, y);
  context.stroke();
  context.font = `600 11px ${FONT}`;
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  context.fillText(`${metres} m`, x + length / 2, y - 2);
}

// The next of 1, 2, 5, 10, 20, ... that is not less.
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= value);
}
