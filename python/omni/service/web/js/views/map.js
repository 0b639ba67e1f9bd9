// The floor map, as large as the page.

import { element } from "../dom.js";
import { FloorMap } from "../floor.js";
import { t } from "../texts.js";

export function mount(root, { live, people }) {
  const floor = new FloorMap(live, people);
  const none = element("p", { class: "empty", text: t("map.none") });
  const show = ({ views }) => {
    floor.element.hidden = !views.length;
    none.hidden = Boolean(views.length);
  };
  root.append(none, floor.element);
  show(live.scene);
  const off = live.on("scene", show);
  return () => {
    off();
    floor.close();
  };
}
