// A picture on which points are set and moved, by pointer and by keyboard: the ground of the editors.

import { Surface, contain } from "./canvas.js";
import { button, element } from "./dom.js";

const STEP = 1; // of an arrow key, CSS pixels; with Shift ten times as far
const STEP_FAR = 10;
const CLICK_REACH = 4; // a press that moves less is a click

export class Stage {
  #surface; #handles = new Map(); #draw; #on; #layer = element("div", { class: "handles" });
  #world = { x: 0, y: 0, width: 1, height: 1 }; #aspect = 16 / 9; #picture = null; #dim = 1;

  // draw(context, stage): over the picture. on: {click(place), grab(place) -> move(place) or null, hover(place)}.
  constructor(label, draw, on = {}) {
    this.#draw = draw;
    this.#on = on;
    this.canvas = element("canvas", { role: "img", "aria-label": label });
    this.element = element("div", { class: "editor-stage" }, this.canvas, this.#layer);
    this.#surface = new Surface(this.canvas, (context) => this.#paint(context));
    this.canvas.addEventListener("pointerdown", (event) => this.#press(event));
    this.canvas.addEventListener("pointermove", (event) => this.#on.hover?.(this.toWorld(event)));
    this.canvas.addEventListener("pointerleave", () => this.#on.hover?.(null));
  }

  close() { this.#surface.close(); }
  redraw() { this.#surface.redraw(); }

  // picture: what drawImage takes, or null; world: the rectangle that it covers, in the units of the points.
  show(picture, { world = this.#world, aspect = this.#aspect, dim = 1 } = {}) {
    this.#picture = picture;
    this.#world = world;
    this.#aspect = aspect;
    this.#dim = dim;
    this.element.style.aspectRatio = String(aspect);
    this.redraw();
  }

  get aspect() { return this.#aspect; }
  get surface() { return this.#surface; }

  // Where the world lies, CSS pixels.
  place() {
    const { x, y, scale } = contain(this.#aspect, 1, this.#surface.width, this.#surface.height);
    return { x, y, width: this.#aspect * scale, height: scale };
  }

  toScreen([u, v]) {
    const [place, world] = [this.place(), this.#world];
    return [place.x + ((u - world.x) / world.width) * place.width, place.y + ((v - world.y) / world.height) * place.height];
  }

  toWorld({ clientX, clientY }) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const zoom = this.canvas.getBoundingClientRect().width / (this.#surface.width || 1);
    return this.#fromScreen([(clientX - left) / zoom, (clientY - top) / zoom]);
  }

  // Points that can be moved or pressed: [{key, at, label, kind, text, chosen, move(to), press(), remove(), choose()}]
  handles(wanted) {
    const keys = new Set(wanted.map(({ key }) => key));
    for (const [key, handle] of this.#handles) {
      if (!keys.has(key)) { handle.element.remove(); this.#handles.delete(key); }
    }
    for (const spec of wanted) {
      const handle = this.#handles.get(spec.key) ?? this.#handle(spec.key);
      handle.spec = spec;
      handle.element.setAttribute("aria-label", spec.label);
      handle.element.className = `handle ${spec.kind}`;
      handle.element.textContent = spec.text ?? "";
      handle.element.classList.toggle("chosen", Boolean(spec.chosen));
    }
    this.#put();
  }

  focus(key) { this.#handles.get(key)?.element.focus(); }

  #handle(key) {
    const handle = { spec: null, element: element("button", { type: "button", data: { key } }) };
    handle.element.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      handle.element.focus();
      handle.spec.choose?.();
      this.#drag(event, (place) => handle.spec.move?.(place), () => handle.spec.press?.());
    });
    handle.element.addEventListener("focus", () => handle.spec.choose?.());
    handle.element.addEventListener("click", (event) => { if (event.detail === 0) handle.spec.press?.(); });
    handle.element.addEventListener("keydown", (event) => this.#key(event, handle.spec));
    this.#handles.set(key, handle);
    this.#layer.append(handle.element);
    return handle;
  }

  #key(event, spec) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way && spec.move) {
      const step = event.shiftKey ? STEP_FAR : STEP;
      const [x, y] = this.toScreen(spec.at);
      spec.move(this.#fromScreen([x + way[0] * step, y + way[1] * step]));
    } else if ((event.key === "Delete" || event.key === "Backspace") && spec.remove) {
      spec.remove();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #press(event) {
    if (event.button !== 0) return;
    const from = this.toWorld(event);
    const move = this.#on.grab?.(from) ?? null;
    const [x, y] = [event.clientX, event.clientY];
    this.#drag(event, (place) => move?.(place), (last) => {
      if (Math.hypot(last.clientX - x, last.clientY - y) < CLICK_REACH) this.#on.click?.(from);
    });
  }

  #drag(event, move, end = () => {}) {
    const target = event.currentTarget;
    target.setPointerCapture(event.pointerId);
    const [x, y] = [event.clientX, event.clientY];
    let moved = false;
    const moving = (next) => {
      moved ||= Math.hypot(next.clientX - x, next.clientY - y) >= CLICK_REACH;
      if (moved) move(this.toWorld(next));
    };
    const ended = (last) => {
      target.removeEventListener("pointermove", moving);
      target.removeEventListener("pointerup", ended);
      target.removeEventListener("pointercancel", ended);
      if (last.type === "pointerup") end(last);
    };
    target.addEventListener("pointermove", moving);
    target.addEventListener("pointerup", ended);
    target.addEventListener("pointercancel", ended);
  }

  // Held to the world's borders.
  #fromScreen([x, y]) {
    const [place, world] = [this.place(), this.#world];
    const held = (share) => Math.min(Math.max(share, 0), 1);
    return [world.x + held((x - place.x) / place.width) * world.width, world.y + held((y - place.y) / place.height) * world.height];
  }

  #put() {
    for (const { spec, element: made } of this.#handles.values()) {
      const [x, y] = this.toScreen(spec.at);
      made.style.transform = `translate(${x}px, ${y}px) translate(-50%, -50%)`;
    }
  }

  #paint(context) {
    const place = this.place();
    if (this.#picture) {
      context.globalAlpha = this.#dim;
      context.drawImage(this.#picture, place.x, place.y, place.width, place.height);
      context.globalAlpha = 1;
    }
    this.#draw(context, this);
    this.#put();
  }
}

// One tab for each camera, made anew only where cameras or their names are others; open(uuid): it is chosen.
export function showTabs(bar, streams, chosen, open) {
  const shown = JSON.stringify(streams.map(({ stream_uuid: uuid, name }) => [uuid, name]));
  if (bar.dataset.shown !== shown) {
    bar.dataset.shown = shown;
    bar.replaceChildren(...streams.map(({ stream_uuid: uuid, name }) => button(name, () => open(uuid), { data: { stream: uuid }, title: name, "aria-pressed": String(uuid === chosen) })));
  }
  if (streams.length && !streams.some(({ stream_uuid: uuid }) => uuid === chosen)) open(streams[0].stream_uuid);
}

// Shows a stream's live picture on a stage. Answers the function that ends it.
export function showLive(stage, live, stream) {
  let [bitmap, busy, ended] = [null, false, false];
  const show = async ({ header, jpeg }) => {
    if (header.stream_uuid !== stream || busy) return;
    busy = true;
    const next = await createImageBitmap(jpeg).finally(() => { busy = false; });
    if (ended) { next.close(); return; }
    stage.show(next, { aspect: header.image_size[0] / header.image_size[1] });
    bitmap?.close();
    bitmap = next;
  };
  live.want(stage.surface.width || innerWidth / 2);
  const off = live.on("picture", show);
  if (live.pictures.has(stream)) show(live.pictures.get(stream));
  return () => {
    ended = true;
    off();
    stage.show(null);
    bitmap?.close();
  };
}
