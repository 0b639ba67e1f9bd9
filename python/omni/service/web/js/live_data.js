// What the server tells by its websocket, and the newest of each for those who come later.

import { address } from "./api.js";
import { Connection } from "./connection.js";
import { Occupancy } from "./occupancy.js";

const PROCESSES_KEPT = 120;
const KINDS = ["scene", "status", "map", "processes", "picture", "link"];

export class LiveData {
  #listeners = new Map(KINDS.map((kind) => [kind, new Set()]));
  #people; #connection = null; #width = 0;
  occupancy = new Occupancy();
  scene = { regions: [], views: [], anonymous: true }; // regions and lines, views of the map: what the configuration says
  status = null; // as GET status
  views = new Map(); // name -> view of the map, as GET map_tracking
  pictures = new Map(); // stream_uuid -> {header, jpeg}
  processes = []; // messages of processes, oldest first
  link = { state: "connecting", reason: "", pauseMs: 0 };

  constructor(people) { this.#people = people; }

  // kind: one of KINDS. Answers the function that ends the listening.
  on(kind, listener) {
    this.#listeners.get(kind).add(listener);
    return () => this.#listeners.get(kind).delete(listener);
  }

  connect() {
    const url = address("live");
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.#connection ??= new Connection(url, {
      open: () => {
        this.processes = [];
        this.occupancy.clear();
        this.#sayWidth();
        this.#link({ state: "live", reason: "", pauseMs: 0 });
      },
      lost: (reason, pauseMs) => this.#link({ state: "lost", reason, pauseMs }),
      picture: (header, jpeg) => {
        this.#people.noteTracks(header.stream_uuid, header.tracks);
        this.pictures.set(header.stream_uuid, { header, jpeg });
        this.#tell("picture", { header, jpeg });
      },
      message: (document) => this.#take(document),
    });
  }

  // How wide a picture is shown now, CSS pixels: the server sends none that is much wider.
  want(width) {
    const pixels = Math.round(width * (devicePixelRatio || 1));
    if (pixels < 1 || pixels === this.#width) return;
    this.#width = pixels;
    this.#sayWidth();
  }

  #sayWidth() { if (this.#width) this.#connection?.send({ width: this.#width }); }

  // Regions and lines that lie in a stream.
  regionsOf(stream) {
    return this.scene.regions.filter(({ stream_uuid: of }) => of === null || of === stream);
  }

  name(stream) {
    return this.status?.streams.find(({ stream_uuid }) => stream_uuid === stream)?.name ?? stream.slice(0, 8);
  }

  // How many people are on the maps now; null without a map.
  get peopleOnMaps() {
    return this.scene.views.length ? [...this.views.values()].reduce((sum, view) => sum + view.objects.length, 0) : null;
  }

  #take(document) {
    if (document.type === "scene") {
      this.scene = document;
      for (const view of document.views) view.cameras.forEach((stream) => this.#people.mapsStream(stream));
    }
    if (document.type === "status") {
      this.status = document;
      const known = new Set(document.streams.map(({ stream_uuid: uuid }) => uuid));
      for (const uuid of this.pictures.keys()) { if (!known.has(uuid)) this.pictures.delete(uuid); }
    }
    if (document.type === "map") {
      this.views = new Map(Object.entries(document.views));
      for (const view of this.views.values()) this.#people.noteView(view);
    }
    if (document.type === "processes") {
      document.processes.forEach((process) => this.#people.noteProcess(process));
      this.occupancy.note(document, performance.now());
    }
    if (document.type === "processes" && document.reason !== "ongoing") {
      this.processes.push(document);
      if (this.processes.length > PROCESSES_KEPT) this.processes.shift();
    }
    if (this.#listeners.has(document.type)) this.#tell(document.type, document);
  }

  #link(link) {
    this.link = link;
    this.#tell("link", link);
  }

  #tell(kind, value) { for (const listener of this.#listeners.get(kind)) listener(value); }
}
