// The wall of cameras: each picture with the boxes that came in the same message.

import { FONT, Surface, contain } from "./canvas.js";
import { colour } from "./people.js";

const WAITING = {
  idle: "Waiting for the first picture",
  probing: "Connecting",
  backoff: "Camera is down",
  failed: "Camera needs help",
  ended: "The video has ended",
};

export class CameraWall {
  #wall; #people; #tiles = new Map();

  constructor(wall, people) {
    this.#wall = wall;
    this.#people = people;
    new ResizeObserver(() => this.#arrange()).observe(wall.closest("main"));
    people.onLight(() => this.#tiles.forEach((tile) => tile.redraw()));
  }

  async show(header, jpeg) {
    const tile = this.#tiles.get(header.stream_uuid);
    if (tile && await tile.show(header, jpeg)) this.#arrange();
  }

  get boxes() { return [...this.#tiles.values()].reduce((sum, tile) => sum + tile.boxes, 0); }

  status(streams) {
    const known = new Set(streams.map((stream) => stream.stream_uuid));
    for (const [uuid, tile] of this.#tiles) {
      if (!known.has(uuid)) { tile.element.remove(); this.#tiles.delete(uuid); }
    }
    for (const stream of streams) {
      if (!this.#tiles.has(stream.stream_uuid)) {
        const tile = new Tile(stream, this.#people);
        this.#tiles.set(stream.stream_uuid, tile);
        this.#wall.append(tile.element);
        this.#arrange();
      }
      this.#tiles.get(stream.stream_uuid).status(stream);
    }
  }

  // As many columns as make the pictures largest; on a page that scrolls, pictures about 260 pixels high.
  #arrange() {
    const tiles = [...this.#tiles.values()];
    if (!tiles.length) return;
    const aspects = tiles.map((tile) => tile.aspect).sort((a, b) => a - b);
    const aspect = aspects[aspects.length >> 1];
    const gap = parseFloat(getComputedStyle(this.#wall).columnGap);
    const { width, height } = this.#room();
    const tileWidth = (columns) => {
      const rows = Math.ceil(tiles.length / columns);
      const across = (width - gap * (columns - 1)) / columns;
      return height ? Math.min(across, ((height - gap * (rows - 1)) / rows) * aspect) : across;
    };
    const wanted = Math.min(Math.max(Math.round(width / (260 * aspect)), 1), tiles.length);
    const choices = height ? tiles.map((_, i) => i + 1) : [wanted];
    const columns = choices.reduce((best, n) => (tileWidth(n) > tileWidth(best) ? n : best));
    this.#wall.style.gridTemplateColumns = `repeat(${columns}, ${Math.floor(tileWidth(columns))}px)`;
    for (const tile of tiles) tile.element.style.aspectRatio = String(aspect);
  }

  // Height 0: as much as is needed.
  #room() {
    const main = this.#wall.closest("main");
    const style = getComputedStyle(main);
    const height = main.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    return { width: this.#wall.clientWidth, height: height * Number(style.getPropertyValue("--wall-share")) };
  }
}

class Tile {
  #people; #surface; #bitmap = null; #header = null; #decoding = false; #next = null; #stream; #rate; #note;
  aspect = 16 / 9;
  boxes = 0;

  constructor(stream, people) {
    this.#stream = stream;
    this.#people = people;
    const canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Camera ${stream.name}`);
    const name = document.createElement("b");
    name.textContent = stream.name;
    this.#rate = document.createElement("span");
    const caption = document.createElement("figcaption");
    caption.append(name, this.#rate);
    this.#note = document.createElement("p");
    this.element = document.createElement("figure");
    this.element.append(canvas, this.#note, caption);
    this.#surface = new Surface(canvas, (context) => this.#draw(context));
    canvas.addEventListener("pointermove", (event) => this.#point(event));
    canvas.addEventListener("pointerleave", () => people.light(null));
    if (stream.image_size) this.aspect = stream.image_size[0] / stream.image_size[1];
  }

  redraw() { this.#surface.redraw(); }

  status(stream) {
    this.#stream = stream;
    this.#rate.textContent = stream.state === "online" ? `${stream.fps.toFixed(1)} fps` : stream.state;
    const waiting = WAITING[stream.state] ?? (this.#bitmap ? "" : WAITING.idle);
    this.#note.textContent = stream.reason ? `${waiting}: ${stream.reason}` : waiting;
    this.#note.hidden = !waiting;
  }

  // Newest wins: a picture that comes while one is being decoded replaces the one that waits. True: new proportions.
  async show(header, jpeg) {
    this.#next = [header, jpeg];
    if (this.#decoding) return false;
    this.#decoding = true;
    let reshaped = false;
    try {
      while (this.#next) {
        const [newest, data] = this.#next;
        this.#next = null;
        const bitmap = await createImageBitmap(data);
        this.#bitmap?.close();
        this.#bitmap = bitmap;
        this.#header = newest;
        this.boxes = newest.tracks.length;
        if (this.#stream.state === "online") this.#note.hidden = true;
        const aspect = newest.image_size[0] / newest.image_size[1];
        reshaped ||= Math.abs(aspect - this.aspect) > 0.001;
        this.aspect = aspect;
        this.redraw();
      }
    } finally {
      this.#decoding = false;
    }
    return reshaped;
  }

  #place() {
    return contain(this.#bitmap.width, this.#bitmap.height, this.#surface.width, this.#surface.height);
  }

  #draw(context) {
    if (!this.#bitmap) return;
    const { x, y, scale } = this.#place();
    const [width, height] = [this.#bitmap.width * scale, this.#bitmap.height * scale];
    context.drawImage(this.#bitmap, x, y, width, height);
    const boxes = this.#header.tracks.map((track) => ({
      person: this.#people.ofTrack(this.#header.stream_uuid, track.id),
      left: x + track.box[0] * width, top: y + track.box[1] * height,
      right: x + track.box[2] * width, bottom: y + track.box[3] * height,
    }));
    boxes.sort((a, b) => a.bottom - b.bottom); // nearer people over farther ones
    for (const box of boxes) drawBox(context, box, this.#people.lit);
  }

  #point({ offsetX, offsetY }) {
    if (!this.#bitmap) return;
    const { x, y, scale } = this.#place();
    const u = (offsetX - x) / (this.#bitmap.width * scale);
    const v = (offsetY - y) / (this.#bitmap.height * scale);
    const hits = this.#header.tracks.filter(({ box }) => u >= box[0] && u <= box[2] && v >= box[1] && v <= box[3]);
    hits.sort((a, b) => b.box[3] - a.box[3]);
    this.#people.light(hits.length ? this.#people.ofTrack(this.#header.stream_uuid, hits[0].id).key : null);
  }
}

function drawBox(context, { person, left, top, right, bottom }, lit) {
  const isLit = person.key === lit;
  context.globalAlpha = lit && !isLit ? 0.35 : 1;
  outline(context, left, top, right - left, bottom - top, "#000a", isLit ? 5.5 : 3.5);
  outline(context, left, top, right - left, bottom - top, colour(person.hue), isLit ? 3.5 : 2);
  context.font = `650 12px ${FONT}`;
  const width = Math.max(context.measureText(person.label).width + 10, 20);
  const [x, y] = [Math.max(left - 1, 0), top >= 18 ? top - 18 : top];
  context.fillStyle = colour(person.hue);
  context.beginPath();
  context.roundRect(x, y, width, 17, 4);
  context.fill();
  context.fillStyle = "#0b0e12";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(person.label, x + width / 2, y + 9);
  context.globalAlpha = 1;
}

function outline(context, x, y, width, height, style, line) {
  context.strokeStyle = style;
  context.lineWidth = line;
  context.beginPath();
  context.roundRect(x, y, width, height, 3);
  context.stroke();
}
