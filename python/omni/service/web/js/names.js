// The names of the gallery, read where this visitor may read them and the cameras are not anonymous.

import { get } from "./api.js";

export class Names {
  #live; #people; #profiles = null; #reading = false;

  constructor(live, people, session) {
    this.#live = live;
    this.#people = people;
    if (session.scopes.includes("faces")) live.on("status", (status) => this.#follow(status));
  }

  async #follow({ stats }) {
    const profiles = this.#live.scene.anonymous ? null : stats.faces?.profiles ?? null;
    if (profiles === this.#profiles || this.#reading) return;
    this.#reading = true;
    try {
      this.#people.noteNames(profiles === null ? [] : (await get("faces")).data.profiles);
      this.#profiles = profiles;
    } finally {
      this.#reading = false;
    }
  }
}
