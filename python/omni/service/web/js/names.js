// The names of the gallery as it is now, read where this visitor may read them and the cameras are not anonymous.

import { get } from "./api.js";

export class Names {
  #live; #people; #shown = null; #reading = false; // #shown: which state of the gallery the names are of

  constructor(live, people, session) {
    this.#live = live;
    this.#people = people;
    if (!session.scopes.includes("faces")) return;
    live.on("status", (status) => this.#follow(status));
    live.on("link", ({ state }) => { if (state === "live") this.#shown = null; }); // a service that began anew counts anew
  }

  async #follow({ stats }) {
    const now = this.#live.scene.anonymous ? null : stats.faces?.gallery_changes ?? null;
    if (now === this.#shown || this.#reading) return;
    this.#reading = true;
    try {
      this.#people.noteNames(now === null ? [] : (await get("faces")).data.profiles);
      this.#shown = now;
    } catch { // with the next status again; until then as they are
    } finally {
      this.#reading = false;
    }
  }
}
