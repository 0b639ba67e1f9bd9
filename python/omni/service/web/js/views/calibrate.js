// A camera's picture laid on the plan: the same places clicked on both, the error shown at once.

import { get, send } from "../api.js";
import { button, element } from "../dom.js";
import { openDraft } from "../draft.js";
import { drawFootprint, drawGrid } from "../floor_draw.js";
import { Stage, showLive, showTabs } from "../stage.js";
import { t } from "../texts.js";

const LEAST = 4;
const CHECK_MS = 120; // after the last change
const ROOM_M = 20; // side of an empty map
const GRID = "#ffe066";

export function mount(root, { live, keys }) {
  const editor = new CalibrationEditor(live);
  root.append(editor.element);
  editor.read();
  const off = [
    keys.on("Escape", () => editor.cancel()), keys.on("Delete", () => editor.remove()), keys.on("Ctrl+z", () => editor.undo()),
    live.on("status", () => editor.showStreams()),
    live.on("link", ({ state }) => { if (state === "live" && !editor.isRead) editor.read(); }),
  ];
  return () => {
    off.forEach((end) => end());
    editor.close();
  };
}

async function plans() {
  const { plans: known, writable } = (await get("plans")).data;
  return { plans: known.map(({ name }) => name), writable };
}

class CalibrationEditor {
  #live; #picture; #plan; #draft; #stream = null; #viewAt = 0; #pairs = []; #chosen = -1; #half = null; #answer = null;
  #endLive = () => {}; #timer = 0; #plans = { plans: [], writable: false }; #planImage = null; #turn = 0;
  #cameras = element("div", { class: "tabs choice", role: "group", "aria-label": t("live.cameras") });
  #settings = element("div", { class: "region-form" }); #verdict = element("p", { class: "hint", role: "status" });
  #rows = element("tbody"); #hint = element("p", { class: "quiet hint" });

  constructor(live) {
    this.#live = live;
    this.#picture = new Stage(t("calibrate.picture"), (context) => this.#drawPicture(context), { click: (place) => this.#click("image", place) });
    this.#plan = new Stage(t("calibrate.plan"), (context) => this.#drawPlan(context), { click: (place) => this.#click("map", place) });
    this.#draft = openDraft(() => this.#taken());
    const heads = ["pair", "error", ""].map((name) => element("th", { scope: "col", text: name && t(`calibrate.${name}`) }));
    this.element = element("div", { class: "editor two" },
      element("section", { class: "panel editor-main", "aria-label": t("calibrate.picture") }, element("div", { class: "head" }, this.#cameras), this.#picture.element, this.#hint),
      element("section", { class: "panel editor-main", "aria-label": t("calibrate.plan") }, element("div", { class: "head" }, element("h2", { text: t("calibrate.plan") })), this.#plan.element, this.#verdict),
      element("aside", { class: "panel editor-side", "aria-label": t("nav.calibrate") }, element("div", { class: "head" }, element("h2", { text: t("calibrate.title") })),
        this.#settings, element("table", { class: "pairs" }, element("thead", {}, element("tr", {}, ...heads)), this.#rows), this.#draft.element));
  }

  async read() {
    try {
      this.#plans = await plans();
    } catch (error) {
      this.#say(error.message, true);
    }
    await this.#draft.read();
  }

  close() {
    clearTimeout(this.#timer);
    this.#endLive();
    this.#picture.close();
    this.#plan.close();
  }

  // Pairs that are not in the document yet, for there are too few of them, go first.
  undo() {
    if (JSON.stringify(this.#pairs) !== JSON.stringify(this.#camera?.points ?? [])) this.#takePairs();
    else this.#draft.stepBack();
  }

  cancel() {
    this.#half = null;
    this.#chosen = -1;
    this.#show();
  }

  remove(at = this.#chosen) {
    if (at < 0) return false;
    this.#pairs.splice(at, 1);
    this.#chosen = -1;
    this.#changed();
    return true;
  }

  showStreams() {
    showTabs(this.#cameras, this.#live.status?.streams ?? [], this.#stream, (uuid) => this.#open(uuid));
  }

  get isRead() { return Boolean(this.#section); }

  get #section() { return this.#draft.document?.map_tracking; }
  get #view() { return this.#section?.views[this.#viewAt] ?? null; }
  get #camera() { return this.#view?.cameras.find(({ stream_uuid: stream }) => stream === this.#stream) ?? null; }

  #taken() {
    this.#viewAt = Math.min(this.#viewAt, Math.max(this.#section.views.length - 1, 0));
    this.showStreams();
    this.#takePairs();
    this.#openPlan();
  }

  #open(stream) {
    this.#endLive();
    this.#stream = stream;
    this.#endLive = showLive(this.#picture, this.#live, stream);
    for (const tab of this.#cameras.children) tab.setAttribute("aria-pressed", String(tab.dataset.stream === stream));
    this.#takePairs();
  }

  // The pairs are kept here while there are too few of them for a configuration.
  #takePairs() {
    this.#pairs = (this.#camera?.points ?? []).map(({ image, map }) => ({ image: [...image], map: [...map] }));
    this.#half = null;
    this.#chosen = -1;
    this.#answer = null;
    this.#show();
    this.#check();
  }

  #click(side, place) {
    if (!this.#section) return;
    const half = this.#half ?? {};
    half[side] = rounded(side, place);
    if (half.image && half.map) {
      this.#pairs.push(half);
      this.#half = null;
      this.#chosen = this.#pairs.length - 1;
      this.#changed();
    } else {
      this.#half = half;
      this.#chosen = -1;
      this.#show();
    }
  }

  #changed() {
    this.#write();
    this.#draft.touched();
    this.#show();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(), CHECK_MS);
  }

  #write() {
    if (this.#pairs.length < LEAST) return;
    const points = structuredClone(this.#pairs);
    if (this.#camera) { this.#camera.points = points; return; }
    const camera = { stream_uuid: this.#stream, points };
    if (this.#view) this.#view.cameras.push(camera);
    else this.#section.views.push({ ...this.#empty, cameras: [camera] });
    this.#section.enabled = true;
  }

  // A view that does not exist before its first camera has its pairs.
  #empty = { name: "top_view", image: null, metres_per_unit: 1 };

  get #shownView() { return this.#view ?? this.#empty; }

  async #check() {
    const turn = ++this.#turn;
    if (!this.isRead) return;
    if (this.#pairs.length < LEAST) {
      this.#answer = null;
      this.#say(t("calibrate.more", { n: LEAST - this.#pairs.length }));
    } else {
      const { metres_per_unit: scale } = this.#shownView;
      const { camera_matrix: matrix, distortion } = this.#camera ?? {};
      try {
        const lens = { ...(matrix && { camera_matrix: matrix }), ...(distortion && { distortion }) };
        const { data } = await send("POST", "calibration/check", { stream_uuid: this.#stream, points: this.#pairs, metres_per_unit: scale, ...lens });
        if (turn !== this.#turn) return;
        this.#answer = data;
        const used = data.used.filter(Boolean).length;
        const fits = { metres: data.rms_metres.toFixed(2), n: data.used.length, used };
        this.#say(t(used < data.used.length ? "calibrate.fits_without" : "calibrate.fits", fits), data.rms_metres > 0.5 || used < data.used.length);
      } catch (error) {
        if (turn !== this.#turn) return;
        this.#answer = null;
        this.#say(error.message, true);
      }
    }
    this.#show();
  }

  #say(text, bad = false) {
    this.#verdict.textContent = text;
    this.#verdict.classList.toggle("error", bad);
  }

  #show() {
    const errors = this.#answer?.errors ?? [];
    const scale = this.#shownView.metres_per_unit;
    const worst = errors.indexOf(Math.max(...errors));
    const isBad = (i) => this.#answer !== null && (!this.#answer.used[i] || (i === worst && errors[i] * scale > 0.3));
    this.#rows.replaceChildren(...this.#pairs.map((_, i) => element("tr", {},
      element("td", { text: t("calibrate.number", { n: i + 1 }) }),
      element("td", { class: isBad(i) ? "error" : "", text: errors[i] === undefined ? t("unit.none") : t("calibrate.metres", { n: (errors[i] * scale).toFixed(2) }) }),
      element("td", {}, button(t("calibrate.delete"), () => this.remove(i), { "aria-label": t("calibrate.delete_pair", { n: i + 1 }) })))));
    for (const [stage, side] of [[this.#picture, "image"], [this.#plan, "map"]]) {
      stage.handles([...this.#pairs, ...(this.#half?.[side] ? [this.#half] : [])].map((pair, i) => ({
        key: `${side}-${i}`, at: pair[side], text: String(i + 1), kind: isBad(i) ? "pair bad" : "pair", chosen: i === this.#chosen,
        label: t(`calibrate.point_${side}`, { n: i + 1 }),
        choose: () => { if (this.#chosen !== i && i < this.#pairs.length) { this.#chosen = i; this.#show(); } },
        move: (place) => { pair[side] = rounded(side, place); this.#changed(); },
        remove: () => (i < this.#pairs.length ? this.remove(i) : this.cancel()),
      })));
      stage.redraw();
    }
    this.#hint.textContent = t(this.#half?.image ? "calibrate.hint_plan" : this.#half?.map ? "calibrate.hint_picture" : "calibrate.hint");
  }

  #showSettings() {
    const views = this.#section?.views ?? [];
    const pick = element("select", { name: "view", on: { change: ({ target }) => { this.#viewAt = Number(target.value); this.#taken(); } } },
      ...views.map(({ name }, i) => element("option", { value: i, text: name, selected: i === this.#viewAt })));
    const known = new Set([this.#shownView.image, ...this.#plans.plans].filter(Boolean));
    const plan = element("select", { name: "plan", on: { change: ({ target }) => this.#setPlan(target.value || null) } },
      element("option", { value: "", text: t("calibrate.no_plan") }),
      ...[...known].map((name) => element("option", { value: name, text: name.split("/").at(-1), selected: name === this.#shownView.image })));
    const scale = element("input", { type: "number", name: "metres_per_unit", min: "0.000001", step: "any", value: this.#shownView.metres_per_unit, on: { change: ({ target }) => {
      if (!(Number(target.value) > 0)) return;
      this.#shownView.metres_per_unit = Number(target.value);
      this.#changed();
    } } });
    const file = element("input", { type: "file", name: "upload", accept: "image/png,image/jpeg", on: { change: ({ target }) => this.#upload(target.files[0]) } });
    this.#settings.replaceChildren(...[
      views.length > 1 ? element("label", {}, element("span", { text: t("calibrate.view") }), pick) : null,
      element("label", {}, element("span", { text: t("calibrate.plan") }), plan),
      this.#plans.writable ? element("label", {}, element("span", { text: t("calibrate.upload") }), file) : null,
      element("label", {}, element("span", { text: t("calibrate.scale") }), scale),
    ].filter(Boolean));
  }

  async #upload(file) {
    if (!file) return;
    try {
      await send("PUT", `plans/${encodeURIComponent(file.name)}`, file);
      this.#plans = await plans();
      this.#setPlan(file.name);
    } catch (error) {
      this.#say(error.message, true);
    }
  }

  #setPlan(name) {
    this.#shownView.image = name;
    this.#changed();
    this.#openPlan();
  }

  #openPlan() {
    this.#showSettings();
    const { image, name } = this.#shownView;
    const shown = this.#live.scene.views.find((view) => view.name === name);
    const url = this.#plans.plans.includes(image) ? `api/v1/plans/${encodeURIComponent(image)}` : image && shown?.plan ? shown.plan.url : null;
    this.#planImage = null;
    if (url === null) { this.#showPlan(null, emptyWorld(this.#pairs, this.#shownView.metres_per_unit)); return; }
    const picture = new Image();
    this.#planImage = picture;
    picture.onload = () => {
      if (this.#planImage === picture) this.#showPlan(picture, { x: 0, y: 0, width: picture.naturalWidth, height: picture.naturalHeight });
    };
    picture.onerror = () => { if (this.#planImage === picture) this.#showPlan(null, emptyWorld(this.#pairs, this.#shownView.metres_per_unit)); };
    picture.src = url;
  }

  #showPlan(picture, world) {
    this.#plan.show(picture, { world, aspect: world.width / world.height });
    this.#show();
  }

  #drawPicture(context) {
    if (!this.#answer) return;
    const { x, y, width, height } = this.#picture.place();
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    context.lineJoin = "round";
    for (const [style, line] of [["#0009", 2.5], [GRID, 1]]) {
      context.strokeStyle = style;
      context.lineWidth = line;
      context.beginPath();
      for (const points of this.#answer.grid) points.forEach(([u, v], i) => (i ? context.lineTo(x + u * width, y + v * height) : context.moveTo(x + u * width, y + v * height)));
      context.stroke();
    }
    context.restore();
  }

  #drawPlan(context) {
    const [origin, far] = [this.#plan.toScreen([0, 0]), this.#plan.toScreen([1, 1])];
    const place = { x: origin[0], y: origin[1], scale: far[0] - origin[0] };
    if (!this.#planImage) drawGrid(context, this.#plan.surface, place, this.#shownView.metres_per_unit, document.documentElement.dataset.theme === "dark");
    if (this.#answer) drawFootprint(context, place, this.#answer.footprint, this.#live.name(this.#stream), 0, true);
  }
}

// Map units where there is no plan: around the pairs, or from nought.
function emptyWorld(pairs, metresPerUnit) {
  const side = ROOM_M / metresPerUnit;
  if (!pairs.length) return { x: 0, y: 0, width: side, height: side };
  const [xs, ys] = [pairs.map(({ map }) => map[0]), pairs.map(({ map }) => map[1])];
  const reach = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys), side / 4);
  return { x: Math.min(...xs) - reach / 3, y: Math.min(...ys) - reach / 3, width: reach * 5 / 3, height: reach * 5 / 3 };
}

function rounded(side, [x, y]) {
  const digits = side === "image" ? 1e5 : 1e2;
  return [Math.round(x * digits) / digits, Math.round(y * digits) / digits];
}
