// Heat and flow of the last hour over the floor map, read again while it is shown.

import { get } from "./api.js";

const AGAIN_MS = 10_000;
const LEAST_WAY = 0.25; // of a cell: who moved less gives no arrow

export class FlowLayer {
  #changed; #name = null; #timer = 0; #cell = 1; #cells = []; #most = 1;

  constructor(changed) { this.#changed = changed; }

  // Reads the view of that name again and again; null: no more.
  follow(name) {
    if (name === this.#name) return;
    this.#name = name;
    this.#cells = [];
    clearTimeout(this.#timer);
    if (name !== null) this.#read();
  }

  async #read() {
    const name = this.#name;
    const { data } = await get(`views/${encodeURIComponent(name)}/flow`).catch(() => ({ data: null }));
    if (name !== this.#name) return;
    if (data) {
      this.#cell = data.cell;
      this.#cells = data.cells;
      this.#most = Math.max(1, quantile(data.cells.map(({ seconds }) => seconds), 0.98));
      this.#changed();
    }
    this.#timer = setTimeout(() => this.#read(), AGAIN_MS);
  }

  drawHeat(context, { x, y, scale }) {
    const side = this.#cell * scale;
    context.save();
    for (const cell of this.#cells) {
      const heat = Math.min(Math.sqrt(cell.seconds / this.#most), 1);
      context.fillStyle = `oklch(${0.5 + 0.38 * heat} ${0.16 + 0.05 * heat} ${300 - 220 * heat} / ${0.25 + 0.5 * heat})`;
      const [left, top] = [x + (cell.x - this.#cell / 2) * scale, y + (cell.y - this.#cell / 2) * scale];
      context.beginPath();
      context.roundRect(left + 0.5, top + 0.5, Math.max(side - 1, 1), Math.max(side - 1, 1), side / 4);
      context.fill();
    }
    context.restore();
  }

  // Arrows along the mean way, over blocks of cells large enough to be read.
  drawFlow(context, { x, y, scale }) {
    const block = this.#cell * Math.max(1, Math.ceil(26 / (this.#cell * scale)));
    const sums = new Map();
    for (const cell of this.#cells) {
      const key = `${Math.floor(cell.x / block)}/${Math.floor(cell.y / block)}`;
      const sum = sums.get(key) ?? { x: 0, y: 0, dx: 0, dy: 0, seconds: 0 };
      sum.x += cell.x * cell.seconds; sum.y += cell.y * cell.seconds;
      sum.dx += cell.dx; sum.dy += cell.dy; sum.seconds += cell.seconds;
      sums.set(key, sum);
    }
    context.save();
    context.lineCap = context.lineJoin = "round";
    for (const { x: sx, y: sy, dx, dy, seconds } of sums.values()) {
      const way = Math.hypot(dx, dy);
      if (way < LEAST_WAY * this.#cell || !seconds) continue;
      const length = block * scale * 0.8;
      const [cx, cy] = [x + (sx / seconds) * scale, y + (sy / seconds) * scale];
      const [ux, uy] = [dx / way, dy / way];
      const tip = [cx + ux * length / 2, cy + uy * length / 2];
      const path = () => {
        context.beginPath();
        context.moveTo(cx - ux * length / 2, cy - uy * length / 2);
        context.lineTo(...tip);
        context.moveTo(tip[0] - 5 * ux - 4 * uy, tip[1] - 5 * uy + 4 * ux);
        context.lineTo(...tip);
        context.lineTo(tip[0] - 5 * ux + 4 * uy, tip[1] - 5 * uy - 4 * ux);
      };
      const weight = Math.min(Math.sqrt(seconds / this.#most), 1);
      for (const [style, width] of [["#0b0e12b0", 3.5 + 2 * weight], ["#fff", 1.5 + 1.5 * weight]]) {
        context.strokeStyle = style;
        context.lineWidth = width;
        path();
        context.stroke();
      }
    }
    context.restore();
  }
}

function quantile(numbers, share) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)] ?? 1;
}
