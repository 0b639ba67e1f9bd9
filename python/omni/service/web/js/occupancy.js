// Which regions have people in them, and which lines were crossed just now.

const FLASH_MS = 900;

export class Occupancy {
  #stays = new Map(); // process id -> "stream/region"
  #crossings = new Map(); // "stream/line" -> {at, direction}

  clear() { this.#stays.clear(); }

  // now: milliseconds of any clock that goes on.
  note({ processes }, now) {
    for (const { id, action, finalized, source, roi, line, direction } of processes) {
      if (action === "roi_presence" && finalized) this.#stays.delete(id);
      else if (action === "roi_presence") this.#stays.set(id, `${source}/${roi.uuid}`);
      else if (action === "line_crossing") this.#crossings.set(`${source}/${line.uuid}`, { at: now, direction });
    }
  }

  inside(stream, region) {
    let count = 0;
    for (const place of this.#stays.values()) if (place === `${stream}/${region}`) count += 1;
    return count;
  }

  // {glow: 1 at the crossing, 0 when it is over, direction}
  flash(stream, line, now) {
    const crossing = this.#crossings.get(`${stream}/${line}`);
    return { glow: crossing ? Math.max(1 - (now - crossing.at) / FLASH_MS, 0) : 0, direction: crossing?.direction };
  }
}
