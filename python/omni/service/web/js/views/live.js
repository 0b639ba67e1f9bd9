// All cameras, the floor map beside them, what happens, and what it costs.

import { CameraWall } from "../cameras.js";
import { element } from "../dom.js";
import { Feed } from "../feed.js";
import { FloorMap } from "../floor.js";
import { Pipeline, Totals } from "../stats.js";
import { t } from "../texts.js";

const WIDE = 1.15; // a map that is so much wider than high gets a wide place

export function mount(root, { live, people, keys, navigate, session }) {
  const wall = new CameraWall(live, people, (uuid) => navigate(uuid ? `live/${uuid}` : "live"));
  const floor = new FloorMap(live, people);
  const feed = new Feed(live, people);
  const [totals, pipeline] = [new Totals(), new Pipeline()];
  const none = element("p", { class: "empty", hidden: true }, t("live.no_camera"), " ",
    session.scopes.includes("config") ? element("a", { href: "#settings/streams", text: t("live.add_camera") }) : null);
  root.append(
    element("section", { class: "cameras", "aria-label": t("live.cameras") }, none, wall.element),
    floor.element, feed.element, element("aside", { class: "figures" }, totals.element, pipeline.element),
  );
  const status = (document) => {
    none.hidden = document.streams.length > 0;
    totals.update(document, live.peopleOnMaps ?? wall.boxes);
    pipeline.update(document);
    follow();
  };
  // The address says which camera is large, so that "back" works.
  const follow = () => {
    const uuid = location.hash.split("/")[1] ?? null;
    if (uuid !== wall.large) wall.enlarge(uuid);
    root.classList.toggle("large", wall.large !== null);
  };
  const shape = () => {
    const [x0, y0, x1, y1] = floor.view?.extent ?? [0, 0, 1, 1];
    root.classList.toggle("no-floor", !floor.view);
    root.classList.toggle("wide-floor", (x1 - x0) / (y1 - y0) > WIDE);
  };
  const arrow = (right, down) => () => wall.move(right, down);
  const off = [
    live.on("status", status),
    live.on("scene", shape),
    keys.on("ArrowLeft", arrow(-1, 0)), keys.on("ArrowRight", arrow(1, 0)),
    keys.on("ArrowUp", arrow(0, -1)), keys.on("ArrowDown", arrow(0, 1)),
    keys.on("Escape", () => navigate("live")), keys.on("0", () => navigate("live")),
    ...Array.from({ length: 9 }, (_, i) => keys.on(String(i + 1), () => { if (wall.uuid(i)) navigate(`live/${wall.uuid(i)}`); })),
  ];
  addEventListener("hashchange", follow);
  shape();
  if (live.status) status(live.status);
  return () => {
    removeEventListener("hashchange", follow);
    off.forEach((end) => end());
    [wall, floor, feed].forEach((part) => part.close());
  };
}
