// Who is who: one number and one colour for a person on the map, in every camera and in the feed.

const MOST_KEPT = 4000;
const GOLDEN_ANGLE = 137.508; // neighbouring numbers get hues far apart

export class People {
  #objectOfTrack = new Map(); // "stream/track" -> {view, id}
  #trackOfHuman = new Map(); // human UUID -> "stream/track"
  #mapped = new Set(); // streams that lie on a map
  #profileOfHuman = new Map(); // human UUID -> profile of the gallery
  #names = new Map(); // profile UUID -> name, where we may know it
  #streams = [];
  #listeners = new Set();
  lit = null; // key of the person that is pointed at

  mapsStream(stream) { this.#mapped.add(stream); }

  noteTracks(stream, tracks) {
    if (!this.#streams.includes(stream)) this.#streams.push(stream);
    for (const { id, object_id } of tracks) keep(this.#trackOfHuman, object_id, `${stream}/${id}`);
  }

  noteView(view) {
    for (const { id, source_objects } of view.objects) {
      for (const [stream, source] of Object.entries(source_objects)) {
        keep(this.#objectOfTrack, `${stream}/${source.id}`, { view: view.view_name, id });
        keep(this.#trackOfHuman, source.object_id, `${stream}/${source.id}`);
      }
    }
  }

  // A match that is taken back comes as the person's process without its profile; what they do (an action) never has one.
  noteProcess({ type, object }) {
    if (type !== "track" || object?.class !== "human") return;
    if (object.profile) keep(this.#profileOfHuman, object.id, object.profile.id);
    else this.#profileOfHuman.delete(object.id);
  }

  // profiles: [{id, name}] of the gallery.
  noteNames(profiles) { this.#names = new Map(profiles.map(({ id, name }) => [id, name])); }

  // The name of a person the gallery knows, where it may be shown; else "".
  nameOf(human) { return this.#names.get(this.#profileOfHuman.get(human)) ?? ""; }

  ofObject(view, id) { return { key: `${view}#${id}`, label: String(id), hue: hue(id) }; }

  ofTrack(stream, id) {
    const object = this.#objectOfTrack.get(`${stream}/${id}`);
    if (object) return this.ofObject(object.view, object.id);
    const key = `${stream}/${id}`;
    if (this.#mapped.has(stream)) return { key, label: `t${id}`, hue: null };
    return { key, label: String(id), hue: hue(id * 7 + this.#streams.indexOf(stream)) };
  }

  ofHuman(uuid) {
    const track = this.#trackOfHuman.get(uuid);
    if (!track) return null;
    const cut = track.lastIndexOf("/");
    return this.ofTrack(track.slice(0, cut), Number(track.slice(cut + 1)));
  }

  light(key) {
    if (key === this.lit) return;
    this.lit = key;
    for (const listener of this.#listeners) listener();
  }

  // Answers the function that ends the listening.
  onLight(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

// A number's colour; null is the grey of those who have no place on the map yet.
export function colour(hue, alpha = 1) {
  return hue === null ? `oklch(0.88 0.01 250 / ${alpha})` : `oklch(0.79 0.155 ${hue} / ${alpha})`;
}

function hue(number) { return (number * GOLDEN_ANGLE + 20) % 360; }

function keep(map, key, value) {
  map.delete(key);
  map.set(key, value);
  if (map.size > MOST_KEPT) map.delete(map.keys().next().value);
}
