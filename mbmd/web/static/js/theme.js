// Dark or light. Not a module, so that the choice counts before anything is shown.

(() => {
  const KEY = "mbmd-theme";
  const root = document.documentElement;
  const sheet = document.querySelector("link[data-dark]");
  const system = matchMedia("(prefers-color-scheme: dark)");

  function kept() {
    try {
      const choice = localStorage.getItem(KEY);
      return choice === "light" || choice === "dark" ? choice : null;
    } catch {
      return null;
    }
  }

  function keep(choice) {
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // A browser that keeps nothing forgets the choice with the page.
    }
  }

  function apply(choice) {
    if (choice) root.dataset.theme = choice;
    sheet.media = { dark: "all", light: "not all" }[choice] ?? "(prefers-color-scheme: dark)";
    document.dispatchEvent(new Event("themechange"));
  }

  const shown = () => root.dataset.theme ?? (system.matches ? "dark" : "light");

  apply(kept());
  system.addEventListener("change", () => document.dispatchEvent(new Event("themechange")));
  addEventListener("storage", ({ key }) => key === KEY && apply(kept()));
  document.addEventListener("click", ({ target }) => {
    if (!target.closest?.("[data-theme-toggle]")) return;
    const choice = shown() === "dark" ? "light" : "dark";
    keep(choice);
    apply(choice);
  });
})();
