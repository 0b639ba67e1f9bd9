// Regions and lines of a camera, drawn on its live picture.

import { at, drawRegion } from "../region_draw.js";
import { button, element } from "../dom.js";
import { openDraft } from "../draft.js";
import { Stage, showLive, showTabs } from "../stage.js";
import { t } from "../texts.js";
import { uuid4 } from "../uuid.js";
import * as zone from "../zone.js";

const CLOSE_REACH = 12; // a click so near to the first corner closes the polygon, CSS pixels
const ARROW_LENGTH = 0.12; // of the handle that turns the direction, heights of the picture

export function mount(root, { live, keys }) {
  const editor = new RegionEditor(live);
  root.append(editor.element);
  editor.read();
  const off = [
    keys.on("Escape", () => editor.cancel()), keys.on("Enter", () => editor.finish()),
    keys.on("Delete", () => editor.remove()), keys.on("Ctrl+z", () => editor.undo()),
    keys.on("n", () => editor.begin("region")), keys.on("l", () => editor.begin("line")),
    live.on("status", () => editor.showStreams()),
    live.on("link", ({ state }) => { if (state === "live" && !editor.isRead) editor.read(); }),
  ];
  return () => {
    off.forEach((end) => end());
    editor.close();
  };
}

class RegionEditor {
  #live; #stage; #draft; #stream = null; #chosen = null; #drawing = null; #hover = null; #endLive = () => {};
  #cameras = element("div", { class: "tabs choice", role: "group", "aria-label": t("live.cameras") });
  #list = element("ul", { class: "region-list" }); #form = element("div", { class: "region-form" });
  #hint = element("p", { class: "quiet hint", role: "status" }); #new;

  constructor(live) {
    this.#live = live;
    this.#stage = new Stage(t("regions.picture"), (context) => this.#draw(context), {
      click: (place) => this.#click(place), grab: (place) => this.#grab(place),
      hover: (place) => { this.#hover = place; if (this.#drawing) this.#stage.redraw(); },
    });
    this.#draft = openDraft(() => this.#taken());
    this.#new = ["region", "line"].map((kind) => button(t(`regions.new_${kind}`), (event) => this.begin(kind, event.detail === 0), { "aria-pressed": "false", disabled: true, data: { kind } })); // until there is what they add to
    this.element = element("div", { class: "editor" },
      element("section", { class: "panel editor-main" },
        element("div", { class: "head" }, this.#cameras, element("div", { class: "tabs" }, ...this.#new)), this.#stage.element, this.#hint),
      element("aside", { class: "panel editor-side", "aria-label": t("nav.regions") },
        element("div", { class: "head" }, element("h2", { text: t("regions.title") })), this.#list, this.#form, this.#draft.element));
    this.#say();
  }

  read() { this.#draft.read(); }

  close() {
    this.#endLive();
    this.#stage.close();
  }

  // While one is drawn, its last corner.
  undo() {
    if (!this.#drawing) { this.#draft.stepBack(); return; }
    this.#drawing.points.pop();
    this.#show();
  }

  showStreams() {
    showTabs(this.#cameras, this.#live.status?.streams ?? [], this.#stream, (uuid) => this.#open(uuid));
  }

  // byKey: one is put into the middle, to be moved by the arrow keys.
  begin(kind, byKey = false) {
    if (!this.#regions) return;
    this.#drawing = { kind, points: [] };
    this.#choose(null);
    if (byKey) {
      const { aspect } = this.#stage;
      if (kind === "region") this.#add(zone.square(aspect), null);
      else this.#addLine({ x: 0.5, y: 0.3 }, { x: 0.5, y: 0.7 });
    }
    this.#say();
  }

  cancel() {
    this.#drawing = null;
    this.#choose(null);
  }

  finish() {
    if (this.#drawing?.kind !== "region" || this.#drawing.points.length < 3) return false;
    this.#add(this.#drawing.points, null);
    return true;
  }

  remove() {
    if (!this.#chosen) return false;
    this.#section.regions = this.#regions.filter((region) => region !== this.#chosen);
    this.#choose(null);
    this.#draft.touched();
    return true;
  }

  get isRead() { return this.#regions !== null; }

  get #section() { return this.#draft.document?.mutlistream_ROI; }
  get #regions() { return this.#section?.regions ?? null; }
  get #here() { return (this.#regions ?? []).filter(({ stream_uuid: stream }) => !stream || stream === this.#stream); }

  #taken() {
    this.#chosen = this.#regions?.find(({ uuid }) => uuid === this.#chosen?.uuid) ?? null;
    this.#drawing = null;
    for (const made of this.#new) made.disabled = false;
    this.showStreams();
    this.#show();
  }

  #open(stream) {
    this.#endLive();
    this.#stream = stream;
    this.#endLive = showLive(this.#stage, this.#live, stream);
    for (const tab of this.#cameras.children) tab.setAttribute("aria-pressed", String(tab.dataset.stream === stream));
    this.cancel();
  }

  #choose(region) {
    if (region) this.#drawing = null;
    this.#chosen = region;
    this.#show();
  }

  #add(points, direction, name) {
    const region = {
      name: name ?? this.#freeName(direction ? "line" : "region"), uuid: uuid4(), stream_uuid: this.#stream,
      points: points.map(zone.held), classes: ["body"], trigger_settings: direction ? { is_roi: false, direction } : null,
    };
    this.#section.regions = [...this.#regions, region];
    this.#choose(region);
    this.#draft.touched();
    this.#form.querySelector("input")?.select();
  }

  #addLine(a, b) {
    const { points, direction } = zone.line(a, b, this.#stage.aspect);
    this.#add(points, direction);
  }

  #freeName(kind) {
    const names = new Set(this.#regions.map(({ name }) => name));
    let number = 1;
    while (names.has(t(`regions.name_${kind}`, { n: number }))) number += 1;
    return t(`regions.name_${kind}`, { n: number });
  }

  #click([x, y]) {
    if (!this.#drawing) {
      const hit = [...this.#here].reverse().find(({ points }) => zone.contains(points, [x, y]));
      this.#choose(hit ?? null);
      return;
    }
    const { kind, points } = this.#drawing;
    if (kind === "region" && points.length >= 3 && this.#isNear(points[0], [x, y])) { this.finish(); return; }
    points.push(zone.held({ x, y }));
    if (kind === "line" && points.length === 2) this.#addLine(...points);
    this.#show();
  }

  #isNear({ x, y }, place) {
    const [[ax, ay], [bx, by]] = [this.#stage.toScreen([x, y]), this.#stage.toScreen(place)];
    return Math.hypot(ax - bx, ay - by) < CLOSE_REACH;
  }

  // Who presses inside the chosen one moves it.
  #grab([x, y]) {
    const region = this.#chosen;
    if (!region || this.#drawing || !zone.contains(region.points, [x, y])) return null;
    const before = region.points;
    return ([u, v]) => { region.points = zone.moved(before, u - x, v - y); this.#changed(); };
  }

  #changed() {
    this.#draft.touched();
    this.#putHandles();
    this.#stage.redraw();
  }

  #show() {
    this.#list.replaceChildren(...this.#here.map((region) => element("li", {}, button(region.name, () => this.#choose(region), {
      "aria-pressed": String(region === this.#chosen), class: region.trigger_settings ? "is-line" : "is-region",
    }))));
    this.#list.dataset.empty = this.#regions ? t("regions.none") : "";
    this.#showForm();
    this.#putHandles();
    this.#say();
    this.#stage.redraw();
  }

  #showForm() {
    const region = this.#chosen;
    this.#form.hidden = !region;
    if (!region) { this.#form.replaceChildren(); return; }
    const name = element("input", { value: region.name, maxlength: "200", name: "name", on: { input: ({ target }) => {
      region.name = target.value;
      this.#list.querySelector("[aria-pressed=true]").textContent = target.value;
      this.#changed();
    } } });
    const everywhere = element("input", { type: "checkbox", checked: !region.stream_uuid, on: { change: ({ target }) => {
      region.stream_uuid = target.checked ? null : this.#stream;
      this.#changed();
    } } });
    this.#form.replaceChildren(
      element("label", {}, element("span", { text: t("regions.name") }), name),
      ...(region.trigger_settings ? this.#lineFields(region) : []),
      element("label", { class: "check" }, everywhere, element("span", { text: t("regions.everywhere") })),
      element("div", { class: "actions-row" }, button(t("regions.delete"), () => this.remove(), { class: "danger" })));
  }

  #lineFields(region) {
    const { aspect } = this.#stage;
    const trigger = region.trigger_settings;
    const wide = element("input", { type: "range", min: "0.02", max: "0.6", step: "0.005", name: "width", value: zone.width(region.points, trigger.direction, aspect), on: { input: ({ target }) => {
      region.points = zone.withWidth(region.points, trigger.direction, aspect, Number(target.value));
      this.#changed();
    } } });
    const presence = element("input", { type: "checkbox", checked: trigger.is_roi, on: { change: ({ target }) => { trigger.is_roi = target.checked; this.#changed(); } } });
    const reverse = button(t("regions.reverse"), () => {
      trigger.direction = { x: -trigger.direction.x, y: -trigger.direction.y };
      this.#changed();
    });
    return [
      element("label", {}, element("span", { text: t("regions.width") }), wide), reverse,
      element("label", { class: "check" }, presence, element("span", { text: t("regions.presence") })),
    ];
  }

  #putHandles() {
    const region = this.#chosen;
    const handles = region ? region.points.flatMap((point, i) => this.#cornerHandles(region, i)) : [];
    if (region?.trigger_settings) handles.push(this.#directionHandle(region));
    if (this.#drawing) handles.push(...this.#drawing.points.map(({ x, y }, i) => ({
      key: `draw-${i}`, at: [x, y], kind: "corner", label: t("regions.corner", { n: i + 1 }),
      move: ([u, v]) => { this.#drawing.points[i] = zone.held({ x: u, y: v }); this.#changed(); },
      press: () => { if (i === 0) this.finish(); },
    })));
    this.#stage.handles(handles);
  }

  // The corner, and the middle of the side after it, which becomes a corner when it is moved.
  #cornerHandles(region, i) {
    const [{ x, y }, next] = [region.points[i], region.points[(i + 1) % region.points.length]];
    const set = ([u, v]) => {
      region.points = region.points.map((point, n) => (n === i ? zone.held({ x: u, y: v }) : point));
      this.#changed();
    };
    const half = [(x + next.x) / 2, (y + next.y) / 2];
    const insert = () => {
      region.points = region.points.toSpliced(i + 1, 0, zone.held({ x: half[0], y: half[1] }));
      this.#changed();
      this.#stage.focus(`corner-${i + 1}`);
    };
    const count = region.points.length;
    const remove = count > 3 ? () => { region.points = region.points.toSpliced(i, 1); this.#changed(); } : () => this.remove();
    return [
      { key: `corner-${i}`, at: [x, y], kind: "corner", label: t("regions.corner", { n: i + 1 }), move: set, remove },
      { key: `side-${i}`, at: half, kind: "side", label: t("regions.side", { n: i + 1 }), press: insert },
    ];
  }

  #directionHandle(region) {
    const { aspect } = this.#stage;
    const [mid, { x, y }] = [zone.middle(region.points), region.trigger_settings.direction];
    const length = Math.hypot(x * aspect, y) || 1;
    const tip = { x: mid.x + (ARROW_LENGTH * x) / length, y: mid.y + (ARROW_LENGTH * y) / length };
    return {
      key: "direction", at: [tip.x, tip.y], kind: "direction", label: t("regions.direction"),
      move: ([u, v]) => {
        if (Math.hypot((u - mid.x) * aspect, v - mid.y) < 0.01) return;
        region.trigger_settings.direction = { x: zone.round(u - mid.x), y: zone.round(v - mid.y) };
        this.#changed();
      },
    };
  }

  #draw(context) {
    const place = this.#stage.place();
    for (const region of this.#here) {
      const shown = { name: region.name, points: region.points.map(({ x, y }) => [x, y]), direction: directionOf(region) };
      context.globalAlpha = this.#chosen && region !== this.#chosen ? 0.5 : 1;
      drawRegion(context, place, shown, { quiet: region === this.#chosen });
    }
    context.globalAlpha = 1;
    if (this.#drawing?.points.length) drawPath(context, this.#drawing.points.map(({ x, y }) => at(place, [x, y])), this.#hover && at(place, this.#hover));
  }

  #say() {
    for (const made of this.#new) made.setAttribute("aria-pressed", String(this.#drawing?.kind === made.dataset.kind));
    const key = this.#drawing ? `hint_${this.#drawing.kind}` : this.#chosen ? "hint_chosen" : "hint";
    this.#hint.textContent = t(`regions.${key}`);
  }
}

function directionOf({ trigger_settings: trigger }) { return trigger ? [trigger.direction.x, trigger.direction.y] : null; }

function drawPath(context, points, pointer) {
  context.save();
  context.lineJoin = "round";
  for (const [style, width] of [["#000a", 4], ["#fff", 2]]) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.beginPath();
    [...points, ...(pointer ? [pointer] : [])].forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.stroke();
  }
  context.restore();
}
