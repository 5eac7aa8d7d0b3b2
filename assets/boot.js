/* Runs in the head, before the first paint: the theme, palette and fold the reader chose last time. */
(() => {
  const root = document.documentElement.dataset;
  const kept = (name, otherwise) => {
    try {
      return localStorage.getItem(`portolan.${name}`) || otherwise;
    } catch {
      return otherwise; // storage is refused in some private windows
    }
  };
  const system = matchMedia("(prefers-contrast: more)").matches ? "contrast" : matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
  root.bsTheme = kept("theme", system);
  root.palette = kept("palette", "western");
  root.fold = kept("fold", "open");
})();
