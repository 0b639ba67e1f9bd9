// What a match means, in the words of its errors; which models and providers do the work.

import { element } from "./dom.js";
import { t } from "./texts.js";

const DEFAULT_FAR = 0.001; // without any of the three thresholds in the configuration

export function explainThreshold(config, people) {
  const [name, value, meaning] = config.desired_score !== null ? ["score", config.desired_score, t("faces.score_meaning")]
    : config.frR !== null ? ["frr", config.frR, t("faces.frr_meaning")]
      : ["far", config.faR ?? DEFAULT_FAR, farMeaning(config.faR ?? DEFAULT_FAR, people)];
  return element("section", { class: "panel card" }, element("h2", { text: t("faces.threshold") }),
    element("p", { class: "big" }, element("strong", { text: String(value) }), element("span", { class: "quiet", text: t(`faces.${name}`) })),
    element("p", { text: meaning }), element("p", {}, element("a", { href: "#settings/general", text: t("faces.change") })));
}

function farMeaning(rate, people) {
  if (!people) return t("faces.far_meaning");
  const share = 1 - (1 - rate) ** people;
  return `${t("faces.far_meaning")} ${t("faces.far_of_many", { n: people, share: `${(100 * share).toPrecision(2)} %` })}`;
}

export function showModels(config, status, about) {
  const detector = status?.stats.detector;
  const rows = [
    [t("faces.model_people"), config.detector.model], [t("faces.model_faces"), config.pipelines.face.embedder],
    [t("faces.engine"), about.used_software.FaceSDK], [t("faces.provider"), [detector?.providers ?? detector?.provider ?? config.detector.providers].flat().join(", ")],
  ];
  return element("section", { class: "panel card" }, element("h2", { text: t("faces.models") }),
    element("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [element("dt", { text: name }), element("dd", { text: value })])));
}
