// All cameras, the floor map beside them, what happens, and what it costs.

import { CameraWall } from "../cameras.js";
import { element } from "../dom.js";
import { Feed } from "../feed.js";
import { FloorMap } from "../floor.js";
import { Pipeline, Totals } from "../stats.js";
import { t } from "../texts.js";

export function mount(root, { live, people, keys, navigate }) {
  const wall = new CameraWall(live, people, (uuid) => navigate(uuid ? `live/${uuid}` : "live"));
  const floor = new FloorMap(live, people);
  const feed = new Feed(live, people);
  const [totals, pipeline] = [new Totals(), new Pipeline()];
  root.append(
    element("section", { class: "cameras", "aria-label": t("live.cameras") }, wall.element),
    floor.element, feed.element, element("aside", { class: "figures" }, totals.element, pipeline.element),
  );
  const status = (document) => {
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
  const arrow = (right, down) => () => wall.move(right, down);
  const off = [
    live.on("status", status),
    live.on("scene", (scene) => root.classList.toggle("no-floor", !scene.views.length)),
    keys.on("ArrowLeft", arrow(-1, 0)), keys.on("ArrowRight", arrow(1, 0)),
    keys.on("ArrowUp", arrow(0, -1)), keys.on("ArrowDown", arrow(0, 1)),
    keys.on("Escape", () => navigate("live")), keys.on("0", () => navigate("live")),
    ...Array.from({ length: 9 }, (_, i) => keys.on(String(i + 1), () => { if (wall.uuid(i)) navigate(`live/${wall.uuid(i)}`); })),
  ];
  addEventListener("hashchange", follow);
  root.classList.toggle("no-floor", !live.scene.views.length);
  if (live.status) status(live.status);
  return () => {
    removeEventListener("hashchange", follow);
    off.forEach((end) => end());
    [wall, floor, feed].forEach((part) => part.close());
  };
}
