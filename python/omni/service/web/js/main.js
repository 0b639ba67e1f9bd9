// Puts the parts together: messages in, panels out.

import { CameraWall } from "./cameras.js";
import { Connection } from "./connection.js";
import { Feed } from "./feed.js";
import { FloorMap } from "./floor.js";
import { People } from "./people.js";
import { Stats } from "./stats.js";

const byId = (id) => document.getElementById(id);
const people = new People();
const names = new Map();
const wall = new CameraWall(byId("wall"), people);
const floor = new FloorMap(byId("map"), byId("tip"), people, names);
const feed = new Feed(byId("events"), byId("open"), people, names);
const stats = new Stats();
let views = [];
let onMap = null; // people on the maps, null without one

const show = {
  map(message) {
    onMap = views.length ? 0 : null;
    for (const view of Object.values(message.views)) {
      people.noteView(view);
      onMap += view.objects.length;
      if (view.view_name === floor.name) floor.update(view);
    }
    feed.refresh();
  },
  processes(message) { feed.add(message); },
  status(message) {
    for (const stream of message.streams) names.set(stream.stream_uuid, stream.name);
    wall.status(message.streams);
    stats.update(message, onMap ?? wall.boxes);
    link(message.problems.length ? "limited" : "live", message.problems.length ? "Live, with problems" : "Live");
  },
};

function link(state, text) {
  byId("link").dataset.state = state;
  byId("link").textContent = text;
  document.body.classList.toggle("stale", state === "lost");
}

async function fetched(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

async function opened() {
  feed.clear();
  const [about, found] = await Promise.all([fetched("about"), fetched("api/v1/views")]);
  byId("version").textContent = about.version;
  views = found.views;
  document.body.classList.toggle("no-floor", !views.length);
  for (const view of views) view.cameras.forEach((stream) => people.mapsStream(stream));
  byId("views").replaceChildren(...(views.length > 1 ? views.map(viewButton) : []));
  if (views.length) openView(views.find((view) => view.name === floor.name) ?? views[0]);
}

function viewButton(view) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = view.name;
  button.addEventListener("click", () => openView(view));
  return button;
}

function openView(view) {
  floor.open(view);
  for (const button of byId("views").children) button.ariaPressed = String(button.textContent === view.name);
}

const address = new URL("api/v1/live", location.href);
address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
new Connection(address, {
  open() { opened().catch(() => link("limited", "Live, without the map")); },
  lost(reason, pause) {
    const again = pause >= 1000 ? `next try in ${Math.round(pause / 1000)} s` : "trying again";
    link("lost", `${reason ? `Not connected: ${reason}` : "Not connected"} \u2013 ${again}`);
  },
  picture(header, jpeg) {
    people.noteTracks(header.stream_uuid, header.tracks);
    wall.show(header, jpeg);
  },
  message(document) { show[document.type]?.(document); },
});
