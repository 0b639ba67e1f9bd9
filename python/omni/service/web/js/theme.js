// Light, dark, or as the system: before anything is drawn, so nothing flashes.
(() => {
  const order = ["auto", "light", "dark"];
  const system = matchMedia("(prefers-color-scheme: dark)");
  let choice = localStorage.getItem("theme");
  if (!order.includes(choice)) choice = "auto";

  const apply = () => {
    const dark = choice === "dark" || (choice === "auto" && system.matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    dispatchEvent(new Event("themechange"));
  };
  apply();
  system.addEventListener("change", apply);

  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const label = () => { button.textContent = choice[0].toUpperCase() + choice.slice(1); };
    label();
    button.addEventListener("click", () => {
      choice = order[(order.indexOf(choice) + 1) % order.length];
      localStorage.setItem("theme", choice);
      label();
      apply();
    });
  });
})();
