// Asks for a token until one is accepted.

import { logIn } from "./api.js";
import { element } from "./dom.js";
import { t } from "./texts.js";

let asking = null; // one dialog, however many calls were refused

// Answers the session {required, scopes, csrf}.
export function askToLogIn() {
  asking ??= new Promise((resolve) => open(resolve)).finally(() => { asking = null; });
  return asking;
}

function open(done) {
  const token = element("input", { type: "password", name: "token", autocomplete: "current-password", required: true });
  const failure = element("p", { class: "error", role: "alert" });
  const submit = element("button", { class: "primary", text: t("login.submit") });
  const form = element("form", {},
    element("h2", { text: t("login.title") }),
    element("label", {}, element("span", { text: t("login.token") }), token),
    element("p", { class: "quiet", text: t("login.hint") }), failure, submit);
  const dialog = element("dialog", { class: "login", on: { cancel: (event) => event.preventDefault() } }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    try {
      const session = await logIn(token.value.trim());
      dialog.close();
      dialog.remove();
      done(session);
    } catch (error) {
      failure.textContent = t("login.failed", { reason: error.message });
      token.select();
    }
    submit.disabled = false;
  });
  document.body.append(dialog);
  dialog.showModal();
}
