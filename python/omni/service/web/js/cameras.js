// The wall of cameras: all of them as large as fits, or one of them large.

import { element } from "./dom.js";
import { Tile } from "./tile.js";

const SCROLLED_HEIGHT = 260; // of a picture where the page scrolls, CSS pixels

export class CameraWall {
  #live; #people; #tiles = new Map(); #off; #watcher; #large = null; #columns = 1; #chosen;

  // chosen(uuid or null): a camera is wanted large, or all of them.
  constructor(live, people, chosen) {
    this.#live = live;
    this.#people = people;
    this.#chosen = chosen;
    this.element = element("div", { class: "wall" });
    this.#watcher = new ResizeObserver(() => this.#arrange());
    this.#watcher.observe(this.element);
    this.#off = [
      people.onLight(() => this.#tiles.forEach((tile) => tile.redraw())),
      live.on("status", (status) => this.#status(status)),
      live.on("processes", () => this.#tiles.forEach((tile) => tile.redraw())),
      live.on("scene", () => this.#tiles.forEach((tile) => tile.redraw())),
      live.on("picture", (picture) => this.#show(picture)),
    ];
    if (live.status) this.#status(live.status);
    for (const picture of live.pictures.values()) this.#show(picture);
  }

  get boxes() { return [...this.#tiles.values()].reduce((sum, tile) => sum + tile.boxes, 0); }

  close() {
    this.#off.forEach((off) => off());
    this.#watcher.disconnect();
    this.#tiles.forEach((tile) => tile.close());
  }

  // One camera large, or with null all of them.
  enlarge(uuid) {
    this.#large = uuid && this.#tiles.has(uuid) ? uuid : null;
    for (const [other, tile] of this.#tiles) tile.element.hidden = this.#large !== null && other !== this.#large;
    this.element.classList.toggle("one", this.#large !== null);
    this.#arrange();
    if (this.#large) this.#tiles.get(this.#large).element.focus();
  }

  get large() { return this.#large; }

  uuid(number) { return [...this.#tiles.keys()][number] ?? null; }

  // The focus goes to the neighbour; with one camera large, the neighbour becomes it.
  move(right, down) {
    const uuids = [...this.#tiles.keys()];
    const current = this.#large ?? document.activeElement?.dataset?.stream;
    const at = uuids.indexOf(current);
    const to = at < 0 ? 0 : at + right + down * (this.#large ? 1 : this.#columns);
    const next = uuids[to];
    if (!next) return;
    if (this.#large) this.#chosen(next);
    else this.#tiles.get(next).element.focus();
  }

  async #show({ header, jpeg }) {
    const tile = this.#tiles.get(header.stream_uuid);
    if (tile && await tile.show(header, jpeg)) this.#arrange();
  }

  #status({ streams }) {
    const known = new Set(streams.map((stream) => stream.stream_uuid));
    let changed = false;
    for (const [uuid, tile] of this.#tiles) {
      if (!known.has(uuid)) { tile.close(); this.#tiles.delete(uuid); changed = true; }
    }
    for (const stream of streams) {
      if (!this.#tiles.has(stream.stream_uuid)) {
        const tile = new Tile(stream.stream_uuid, this.#live, this.#people, (uuid) => this.#chosen(this.#large === uuid ? null : uuid));
        this.#tiles.set(stream.stream_uuid, tile);
        this.element.append(tile.element);
        changed = true;
      }
      this.#tiles.get(stream.stream_uuid).status(stream);
    }
    if (changed) this.enlarge(this.#large);
  }

  // As many columns as make the pictures largest; on a page that scrolls, pictures of some 260 pixels.
  #arrange() {
    const tiles = [...this.#tiles.values()].filter((tile) => !tile.element.hidden);
    if (!tiles.length) return;
    const aspects = tiles.map((tile) => tile.aspect).sort((a, b) => a - b);
    const aspect = aspects[aspects.length >> 1];
    const style = getComputedStyle(this.element);
    const gap = parseFloat(style.columnGap);
    const width = this.element.clientWidth;
    const height = Number(style.getPropertyValue("--bounded")) ? this.element.clientHeight : 0;
    const tileWidth = (columns) => {
      const rows = Math.ceil(tiles.length / columns);
      const across = (width - gap * (columns - 1)) / columns;
      return height ? Math.min(across, ((height - gap * (rows - 1)) / rows) * aspect) : across;
    };
    const wanted = Math.min(Math.max(Math.round(width / (SCROLLED_HEIGHT * aspect)), 1), tiles.length);
    const choices = height ? tiles.map((_, i) => i + 1) : [wanted];
    this.#columns = choices.reduce((best, n) => (tileWidth(n) > tileWidth(best) ? n : best));
    this.#live.want(tileWidth(this.#columns));
    this.element.style.gridTemplateColumns = `repeat(${this.#columns}, ${Math.floor(tileWidth(this.#columns))}px)`;
    for (const tile of tiles) tile.element.style.aspectRatio = String(aspect);
  }
}
