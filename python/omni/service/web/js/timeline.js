// Bars of people over time, a band for each camera. Drag, wheel and keys move and zoom.

import { FONT, Surface, fitting } from "./canvas.js";
import { element } from "./dom.js";
import { kindOf, personLabel, told } from "./history_words.js";
import { t } from "./texts.js";

const ROW = 15, BAR = 10, HEAD = 22, AXIS = 26, LEFT = 10; // CSS pixels
const MOST_ROWS = 14; // of a camera; who does not fit shares the last
const LEAST_SPAN_MS = 5_000;
const STEPS_S = [1, 5, 15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 86_400, 7 * 86_400];
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });

export class Timeline {
  #choose; #surface; #canvas; #tip = element("p", { class: "tip", hidden: true }); #bands = []; #full = { from: 0, to: 1 }; #window = { from: 0, to: 1 }; #marked = ""; #drag = null;
  #theme = () => this.#surface.redraw();

  // choose(process): it was clicked.
  constructor(choose) {
    this.#choose = choose;
    this.#canvas = element("canvas", { tabindex: "0", role: "img", "aria-label": t("history.timeline"), on: {
      wheel: (event) => { event.preventDefault(); this.zoom(Math.exp(event.deltaY / 400), this.#timeAt(event.offsetX)); },
      pointerdown: (event) => { this.#drag = { x: event.offsetX, window: { ...this.#window }, moved: false }; this.#canvas.setPointerCapture(event.pointerId); },
      pointermove: (event) => this.#moved(event), pointerup: (event) => this.#up(event), pointerleave: () => { this.#tip.hidden = true; },
      keydown: (event) => this.#pressed(event), dblclick: () => this.#look(this.#full),
    } });
    this.element = element("div", { class: "timeline" }, this.#canvas, this.#tip);
    this.#surface = new Surface(this.#canvas, (context) => this.#draw(context));
    addEventListener("themechange", this.#theme);
  }

  close() {
    removeEventListener("themechange", this.#theme);
    this.#surface.close();
  }

  // span: {from, to} epoch seconds; name(stream) as people read it.
  show(processes, span, name) {
    this.#full = { from: 1000 * span.from, to: 1000 * span.to };
    this.#window = { ...this.#full };
    const first = Math.min(...processes.map(({ time_interval: [begun] }) => Date.parse(begun)));
    const margin = 0.03 * (this.#full.to - first);
    if (first - margin > this.#full.from) this.#window.from = first - margin; // what is empty need not be seen first
    this.#bands = bandsOf(processes, name);
    const height = this.#bands.reduce((sum, { rows }) => sum + HEAD + rows * ROW, AXIS + 6);
    this.#canvas.style.height = `${Math.max(height, 120)}px`;
    this.#surface.redraw();
  }

  mark(id) {
    this.#marked = id;
    this.#surface.redraw();
  }

  // factor below 1: nearer. at: the time that stays where it is.
  zoom(factor, at = (this.#window.from + this.#window.to) / 2) {
    const { from, to } = this.#window;
    const scale = Math.max(factor, LEAST_SPAN_MS / (to - from));
    this.#look({ from: at - (at - from) * scale, to: at + (to - at) * scale });
  }

  #look({ from, to }) {
    const span = Math.min(to - from, this.#full.to - this.#full.from);
    const start = Math.min(Math.max(from, this.#full.from), this.#full.to - span);
    this.#window = { from: start, to: start + span };
    this.#surface.redraw();
  }

  #pan(share) {
    const by = share * (this.#window.to - this.#window.from);
    this.#look({ from: this.#window.from + by, to: this.#window.to + by });
  }

  #pressed(event) {
    const act = { ArrowLeft: () => this.#pan(-0.15), ArrowRight: () => this.#pan(0.15), "+": () => this.zoom(1 / 1.6), "=": () => this.zoom(1 / 1.6), "-": () => this.zoom(1.6), Home: () => this.#look(this.#full) }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  #moved(event) {
    if (!this.#drag) {
      this.#point(event);
      return;
    }
    const by = event.offsetX - this.#drag.x;
    this.#drag.moved ||= Math.abs(by) > 3;
    const { from, to } = this.#drag.window;
    const shift = (-by / this.#wide) * (to - from);
    this.#look({ from: from + shift, to: to + shift });
  }

  #up(event) {
    const dragged = this.#drag?.moved;
    this.#drag = null;
    const hit = this.#hit(event.offsetX, event.offsetY);
    if (!dragged && hit) this.#choose(hit.process);
  }

  #point(event) {
    const hit = this.#hit(event.offsetX, event.offsetY);
    this.#tip.hidden = !hit;
    this.#canvas.style.cursor = hit ? "pointer" : "grab";
    if (!hit) return;
    this.#tip.textContent = `${personLabel(hit.process)} \u00b7 ${told(hit.process)} \u00b7 ${clock.format(hit.from)}`;
    this.#tip.style.left = `${Math.min(event.offsetX + 12, this.#surface.width - 220)}px`;
    this.#tip.style.top = `${event.offsetY + 14}px`;
  }

  get #wide() { return Math.max(this.#surface.width - 2 * LEFT, 1); }
  #x(time) { return LEFT + ((time - this.#window.from) / (this.#window.to - this.#window.from)) * this.#wide; }
  #timeAt(x) { return this.#window.from + ((x - LEFT) / this.#wide) * (this.#window.to - this.#window.from); }

  #hit(x, y) {
    let top = AXIS;
    for (const { rows, bars } of this.#bands) {
      const found = bars.findLast((bar) => Math.abs(y - (top + HEAD + bar.row * ROW + BAR / 2)) < ROW / 2 && x >= this.#x(bar.from) - 3 && x <= Math.max(this.#x(bar.to), this.#x(bar.from) + 4) + 3);
      if (found) return found;
      top += HEAD + rows * ROW;
    }
    return null;
  }

  #draw(context) {
    const style = getComputedStyle(this.#canvas);
    const [text, quiet, line] = ["--text", "--quiet", "--line"].map((name) => style.getPropertyValue(name));
    context.textBaseline = "middle";
    this.#drawAxis(context, quiet, line);
    let top = AXIS;
    for (const { name, rows, bars } of this.#bands) {
      context.fillStyle = line;
      context.fillRect(0, top, this.#surface.width, 1);
      context.fillStyle = text;
      context.font = `600 12px ${FONT}`;
      context.fillText(fitting(context, name, this.#surface.width - 2 * LEFT), LEFT, top + HEAD / 2 + 1);
      for (const bar of bars) this.#drawBar(context, bar, top + HEAD + bar.row * ROW, text);
      top += HEAD + rows * ROW;
    }
  }

  #drawAxis(context, quiet, line) {
    const seconds = (this.#window.to - this.#window.from) / 1000;
    const step = 1000 * (STEPS_S.find((s) => this.#wide / (seconds / s) > 84) ?? STEPS_S.at(-1));
    const offset = new Date(this.#window.from).getTimezoneOffset() * 60_000; // whole hours and days of the local time
    context.font = `11px ${FONT}`;
    for (let at = Math.ceil((this.#window.from - offset) / step) * step + offset; at < this.#window.to; at += step) {
      const x = this.#x(at);
      context.fillStyle = line;
      context.fillRect(x, 0, 1, this.#surface.height);
      context.fillStyle = quiet;
      context.fillText((step >= 86_400_000 ? day : clock).format(at), x + 4, AXIS / 2);
    }
  }

  #drawBar(context, { process, kind, from, to, hue }, y, text) {
    const x = this.#x(from);
    const wide = Math.max(this.#x(to) - x, 3);
    if (x > this.#surface.width || x + wide < 0) return;
    context.fillStyle = kind === "external" ? "oklch(0.65 0.02 250)" : `oklch(0.68 0.14 ${hue})`;
    context.globalAlpha = kind === "human" || kind === "external" ? 0.85 : 1;
    context.beginPath();
    if (kind === "line_crossing") {
      const middle = x + wide;
      context.moveTo(middle, y - 1);
      for (const [dx, dy] of [[6, BAR / 2], [0, BAR + 1], [-6, BAR / 2]]) context.lineTo(middle + dx, y + dy);
      context.closePath();
    } else if (kind === "roi_presence") context.rect(x, y + BAR - 3, wide, 4);
    else context.roundRect(x, y, wide, BAR, 3);
    context.fill();
    context.globalAlpha = 1;
    if (kind === "line_crossing" || process.id === this.#marked) {
      context.strokeStyle = text;
      context.lineWidth = process.id === this.#marked ? 2.5 : 1;
      context.stroke();
    }
  }
}

// For each camera its people in rows, so that no two people overlap; what a person did lies on their row.
function bandsOf(processes, name) {
  const streams = [...new Set(processes.map(({ source }) => source))].sort((a, b) => name(a).localeCompare(name(b), undefined, { numeric: true }));
  return streams.map((stream) => {
    const bars = processes.filter(({ source }) => source === stream).map(barOf).sort((a, b) => a.from - b.from);
    const ends = [];
    const rowOf = new Map();
    for (const bar of bars) {
      const { object: { id } } = bar.process;
      let row = rowOf.get(id);
      if (row === undefined || (ends[row] > bar.from && !rowOf.has(id))) {
        row = ends.findIndex((end) => end <= bar.from);
        if (row < 0) row = Math.min(ends.length, MOST_ROWS - 1);
      }
      rowOf.set(id, row);
      ends[row] = Math.max(ends[row] ?? 0, bar.to);
      bar.row = row;
    }
    const order = ["human", "external", "roi_presence", "line_crossing"];
    bars.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
    return { name: name(stream), rows: Math.max(ends.length, 1), bars };
  });
}

function barOf(process) {
  const [from, to] = process.time_interval.map(Date.parse);
  return { process, kind: kindOf(process), from, to, hue: parseInt(process.object.id.slice(0, 6), 16) % 360, row: 0 };
}
