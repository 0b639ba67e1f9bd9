// The page's frame: session, navigation, the state of the connection. What is shown is made by views/.
//
// A view is a module with mount(root, context): it fills the empty root and answers the function that ends it.
// context: live (LiveData), people (People), session {required, scopes}, navigate(hash), keys (Keys).

import { get, logOut, readSession } from "./api.js";
import { button, element } from "./dom.js";
import { Keys } from "./keys.js";
import { LiveData } from "./live_data.js";
import { askToLogIn } from "./login.js";
import { Names } from "./names.js";
import { People } from "./people.js";
import { t } from "./texts.js";

const VIEWS = {
  live: () => import("./views/live.js"),
  map: () => import("./views/map.js"),
  regions: () => import("./views/regions.js"),
  calibrate: () => import("./views/calibrate.js"),
  history: () => import("./views/history.js"),
  settings: () => import("./views/settings.js"),
  webhooks: () => import("./views/webhooks.js"),
  faces: () => import("./views/faces.js"),
};
const FIRST = "live";
const THEMES = ["auto", "light", "dark"];
const byId = (id) => document.getElementById(id);

class Frame {
  #context; #unmount = () => {}; #shown = ""; #opening = 0;

  constructor(context) {
    this.#context = context;
    byId("skip").textContent = t("nav.skip");
    byId("pages").setAttribute("aria-label", t("nav.label"));
    byId("pages").append(...Object.keys(VIEWS).map((name) => element("a", { href: `#${name}`, text: t(`nav.${name}`), data: { view: name } })));
    byId("skip").addEventListener("click", (event) => { event.preventDefault(); byId("view").focus(); });
    addEventListener("hashchange", () => this.open());
    byId("link").addEventListener("click", () => this.#tellProblems());
    context.live.on("link", () => this.#link());
    context.live.on("status", () => this.#link());
    Object.keys(VIEWS).forEach((name, i) => context.keys.on(`g ${i + 1}`, () => context.navigate(name)));
    context.keys.on("t", () => nextTheme());
    this.#link();
  }

  // Opens what is shown once more: its changes that are not applied yet come along.
  again() {
    this.#shown = "";
    return this.open();
  }

  // Opens what the address names: #view or #view/anything that the view itself reads.
  async open() {
    const name = location.hash.slice(1).split("/")[0];
    const chosen = name in VIEWS ? name : FIRST;
    if (chosen === this.#shown) return;
    const turn = ++this.#opening;
    const view = await VIEWS[chosen]().catch((error) => ({ mount: (root) => this.#failed(root, error) }));
    if (turn !== this.#opening) return;
    this.#unmount();
    this.#shown = chosen;
    const root = byId("view");
    root.replaceChildren();
    root.className = `view-${chosen}`;
    document.title = `${t(`nav.${chosen}`)} \u00b7 omni`;
    for (const link of byId("pages").children) {
      if (link.dataset.view === chosen) { link.setAttribute("aria-current", "page"); link.scrollIntoView({ block: "nearest", inline: "nearest" }); }
      else link.removeAttribute("aria-current");
    }
    this.#unmount = view.mount(root, this.#context);
  }

  #failed(root, error) {
    root.append(element("p", { class: "empty", text: t("frame.view_failed", { reason: error.message }) }));
    return this.#context.live.on("link", ({ state }) => { if (state === "live") this.again(); });
  }

  #link() {
    const { link, status } = this.#context.live;
    const problems = status?.problems.length ?? 0;
    const limited = link.state === "live" && problems;
    byId("link").dataset.state = limited ? "limited" : link.state;
    const text = linkText(link, problems);
    if (byId("link").textContent !== text) byId("link").textContent = text; // what stays is not read out again
    byId("link").title = status?.problems.join("\n") ?? "";
    byId("link").disabled = !limited;
    document.body.classList.toggle("stale", link.state === "lost");
  }

  #tellProblems() {
    const close = button(t("frame.close"), () => dialog.close());
    const dialog = element("dialog", { "aria-label": t("frame.problems"), on: { close: () => dialog.remove() } }, element("h2", { text: t("frame.problems") }),
      element("ul", {}, ...this.#context.live.status.problems.map((problem) => element("li", { text: problem }))), close);
    document.body.append(dialog);
    dialog.showModal();
  }
}

function linkText({ state, reason, pauseMs }, problems) {
  if (state === "connecting") return t("frame.connecting");
  if (state === "live") return problems ? t("frame.live_problems") : t("frame.live");
  const what = reason ? t("frame.not_connected_why", { reason }) : t("frame.not_connected");
  return pauseMs >= 1000 ? t("frame.next_try", { what, seconds: Math.round(pauseMs / 1000) }) : t("frame.trying", { what });
}

function theme() {
  const choice = localStorage.getItem("theme");
  return THEMES.includes(choice) ? choice : "auto";
}

function nextTheme() {
  localStorage.setItem("theme", THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length]);
  dispatchEvent(new Event("themechoice"));
}

function tools({ keys, session }) {
  const look = button(t(`frame.theme_${theme()}`), nextTheme, { title: t("frame.theme_hint") });
  addEventListener("themechoice", () => { look.textContent = t(`frame.theme_${theme()}`); });
  const help = button("?", () => keys.help(), { title: t("frame.keys_hint"), "aria-label": t("frame.keys_hint") });
  const out = session.required ? button(t("frame.log_out"), async () => { await logOut(); location.reload(); }) : null;
  byId("tools").append(...[help, look, out].filter(Boolean));
}

// The websocket cannot tell why it is refused. Whoever may no longer watch is asked to log in again.
async function askWhenRefused() {
  const session = await readSession().catch(() => null);
  if (session?.required && !session.scopes.length) dispatchEvent(new Event("omni:login"));
}

// The configuration cannot be used: nothing runs, and the settings are the one page that works.
async function isSafeMode() {
  const { data } = await get("config").catch(() => ({ data: null }));
  return Boolean(data?.problems?.length);
}

async function start() {
  let session = await readSession();
  if (session.required && !session.scopes.length) session = await askToLogIn();
  const people = new People();
  const context = {
    session, people, live: new LiveData(people), keys: new Keys(), navigate: (name) => { location.hash = name; },
  };
  context.live.on("link", () => { if (context.live.link.state === "lost") askWhenRefused(); });
  new Names(context.live, people, session);
  tools(context);
  if (await isSafeMode()) location.hash = "settings";
  const frame = new Frame(context);
  addEventListener("omni:login", async () => {
    const { scopes } = await askToLogIn();
    if (session.required && String(scopes) === String(session.scopes)) frame.again();
    else location.reload();
  });
  context.live.connect();
  await frame.open();
  const about = await fetch("about");
  if (about.ok) byId("version").textContent = (await about.json()).version;
}

start().catch((error) => {
  byId("link").dataset.state = "lost";
  byId("link").textContent = t("frame.not_connected_why", { reason: error.message });
});
