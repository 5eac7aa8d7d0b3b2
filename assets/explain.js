/* A press on a figure (`data-explain="figure:symbol"`), Enter on it, a press or Enter on a figure of a grid: the sheet says how it comes about.
   What the figure was asked under stands in `data-explain-with`, on it or around it, as JSON; else it is what the page's address says. */
window.portolan.explain = (() => {
  const SHEET = "explain-sheet", CHOICES = ["from", "to", "by", "benchmark", "group", "flow", "costs", "currency", "days", "inflation"];
  const TITLE = "How this number comes about: press, or Enter", state = { trail: [], from: null, at: 0, scope: null, more: {} };
  const grids = {}; // by id: cell -> {figure, scope, more}, written by the pages
  const byId = (id) => document.getElementById(id), set = (id, props) => window.dash_clientside.set_props(id, props);

  /* What the page shows, in its own words: the address, and what the gains page chose. */
  function question() {
    const address = new URLSearchParams(location.search), own = Object.fromEntries(CHOICES.map((name) => [name, address.get(name)]));
    const gains = Object.fromEntries(["rules", "method", "year", "tax_year"].map((name) => [name, address.get(name)]));
    return { ...window.portolan.shell.scope(), ...own, gains, path: location.pathname };
  }

  function ask(figure) {
    const sheet = byId(SHEET);
    if (!sheet || !figure) return;
    sheet.querySelector(".in").classList.add("waiting");
    sheet.querySelector("[data-part=back]").hidden = state.trail.length < 2;
    set("explain-asked", { data: { figure, ...question(), ...state.more, portfolio: state.scope, n: (state.at += 1) } });
    if (!sheet.open) sheet.showModal();
  }

  function open({ figure, scope, more }, from) {
    byId("explain-body")?.classList.add("anew");
    state.trail = [figure];
    state.from = from;
    state.scope = scope || from.closest("[data-scope]:not([data-scope=''])")?.dataset.scope || window.portolan.shell.scope().portfolio;
    state.more = more || JSON.parse(from.closest("[data-explain-with]")?.dataset.explainWith || "{}");
    ask(figure);
  }

  function into(figure) { state.trail.push(figure); ask(figure); }
  function back() { state.trail.pop(); ask(state.trail.at(-1)); }

  function filled() {
    const inside = byId(SHEET)?.querySelector(".in");
    requestAnimationFrame(() => { inside?.classList.remove("waiting"); byId("explain-body")?.classList.remove("anew"); if (byId(SHEET)?.open) byId(SHEET).scrollTop = 0; });
  }

  async function copy(button) {
    const text = byId(SHEET).querySelector("[data-part=call]").textContent.replace(/^GET /, "");
    try { await navigator.clipboard.writeText(new URL(text, location.origin).href); window.portolan.shell.announce("Copied"); button.textContent = "Copied"; } catch { window.getSelection().selectAllChildren(byId(SHEET).querySelector("[data-part=call]")); }
  }

  /* A figure of a grid: the page that owns the grid says which one its row and column are. */
  function ofCell(target) {
    const cell = target.closest?.(".ag-cell"), grid = cell?.closest(".ag-theme-portolan")?.id, text = cell?.querySelector(".num")?.textContent;
    const found = text && grids[grid]?.({ row: cell.closest("[row-id]")?.getAttribute("row-id") || "", column: cell.getAttribute("col-id"), under: Boolean(target.closest(".under")), total: Boolean(cell.closest(".ag-floating-bottom")) });
    return found ? { ...found, cell } : null;
  }

  const isOther = (dialog) => dialog && dialog.id !== SHEET;
  const within = (target) => { const dialog = [...document.querySelectorAll("dialog[open]")].at(-1); return !dialog || (isOther(dialog) && dialog.contains(target)); };

  function onClick(event) {
    const at = (selector) => event.target.closest?.(selector), input = at("[data-explain-input]"), deed = at("[data-do]")?.dataset.do;
    if (input) { into(input.dataset.explainInput); return; }
    if (deed === "explain-back") { back(); return; }
    if (deed === "explain-copy") { copy(at("[data-do]")); return; }
    if (!within(event.target) || !getSelection().isCollapsed) return;
    const figure = at("[data-explain]"), cell = at(".ag-cell .num, .ag-cell .ghost") ? ofCell(event.target) : null;
    if (cell) { stop(event); open(cell, cell.cell); }
    else if (figure && !at("a")) open({ figure: figure.dataset.explain }, figure);
  }

  function onKey(event) {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.altKey || !within(event.target)) return;
    const figure = event.target.dataset?.explain, cell = event.target.matches?.(".ag-cell") ? ofCell(event.target) : null;
    if (figure) { stop(event); open({ figure }, event.target); }
    else if (cell) { stop(event); open(cell, cell.cell); }
  }

  function stop(event) { event.preventDefault(); event.stopImmediatePropagation(); }

  /* A figure can be reached by key, and says so, as soon as it is there. */
  function dress() {
    for (const figure of document.querySelectorAll("[data-explain]:not([tabindex])")) { figure.tabIndex = 0; figure.setAttribute("role", "button"); figure.title ||= TITLE; }
  }

  /* The focus goes back to where it came from, or to what was drawn anew in its place. */
  function closed() {
    const { from, trail } = state;
    (from?.isConnected ? from : document.querySelector(`[data-explain="${CSS.escape(trail[0] || "")}"]`))?.focus();
    Object.assign(state, { trail: [], from: null, more: {} });
  }

  let soon = 0;
  document.addEventListener("click", onClick, true);
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("close", (event) => { if (event.target.id === SHEET) closed(); }, true);
  document.addEventListener("DOMContentLoaded", () => new MutationObserver(() => { if (!soon) soon = setTimeout(() => { soon = 0; dress(); }, 120); }).observe(document.body, { childList: true, subtree: true }));
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.explain = { filled };
  return { open, grids };
})();
