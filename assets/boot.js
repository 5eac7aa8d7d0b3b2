/* Runs in the head, before the first paint: the theme, palette and fold the reader chose last time. */
(() => {
  const root = document.documentElement;
  const kept = (name, otherwise) => {
    try {
      return localStorage.getItem(`portolan.${name}`) || otherwise;
    } catch {
      return otherwise; // storage is refused in some private windows
    }
  };
  const system = matchMedia("(prefers-contrast: more)").matches ? "contrast" : matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
  root.dataset.bsTheme = kept("theme", system);
  root.dataset.palette = kept("palette", "western");
  root.classList.toggle("folded", kept("fold", "open") === "folded");
})();
