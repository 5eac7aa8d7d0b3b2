/* A press on a figure (`data-explain="figure:symbol"`), Enter on it, `e` on a cell of the holdings: the sheet says how it comes about. */
window.portolan.explain = (() => {
  const SHEET = "explain-sheet", CHOICES = ["from", "to", "benchmark", "group", "flow", "costs", "currency", "days", "inflation"];
  const COLUMNS = { quantity: "quantity", price: "price", day_return: "day_return", day_pnl: "day_pnl", average_cost: "average_cost", value: "market_value", total_pnl: "total_pnl", on_cost: "on_cost", weight: "weight" };
  const OF_CASH = { quantity: "balance", price: "fx_rate", day_pnl: "day_pnl", value: "value", weight: "weight" };
  const OF_TOTAL = { day_return: "day_return", day_pnl: "day_pnl", value: "value", total_pnl: "total_pnl", on_cost: "on_cost" };
  const TITLE = "How this number comes about: press, or Enter", state = { trail: [], from: null, at: 0 };
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
    set("explain-asked", { data: { figure, ...question(), portfolio: state.scope, n: (state.at += 1) } });
    if (!sheet.open) sheet.showModal();
  }

  function open(figure, from) {
    state.trail = [figure];
    state.from = from;
    state.scope = from?.closest?.("[data-scope]:not([data-scope=''])")?.dataset.scope || window.portolan.shell.scope().portfolio;
    ask(figure);
  }

  function into(figure) { state.trail.push(figure); ask(figure); }
  function back() { state.trail.pop(); ask(state.trail.at(-1)); }

  function filled() {
    const inside = byId(SHEET)?.querySelector(".in");
    requestAnimationFrame(() => { inside?.classList.remove("waiting"); if (byId(SHEET)?.open) byId(SHEET).scrollTop = 0; });
  }

  async function copy(button) {
    const text = byId(SHEET).querySelector("[data-part=call]").textContent.replace(/^GET /, "");
    try { await navigator.clipboard.writeText(new URL(text, location.origin).href); window.portolan.shell.announce("Copied"); button.textContent = "Copied"; } catch { window.getSelection().selectAllChildren(byId(SHEET).querySelector("[data-part=call]")); }
  }

  /* A cell of the holdings' grid: its row and column say which figure of which holding. */
  function ofCell(target) {
    const cell = target.closest?.("#holdings-grid .ag-cell"), column = cell?.getAttribute("col-id"), row = cell?.closest("[row-id]")?.getAttribute("row-id") || "";
    if (!cell) return null;
    if (cell.closest(".ag-floating-bottom")) return OF_TOTAL[column] || null;
    if (row.startsWith("cash:")) return OF_CASH[column] ? `${OF_CASH[column]}:${row}` : null;
    const symbol = row.replace(/^closed:/, "").split("@")[0];
    return COLUMNS[column] && !/^(group|other|total)/.test(row) ? `${COLUMNS[column]}:${symbol}` : null;
  }

  function onClick(event) {
    const at = (selector) => event.target.closest?.(selector), input = at("[data-explain-input]"), deed = at("[data-do]")?.dataset.do;
    if (input) { into(input.dataset.explainInput); return; }
    if (deed === "explain-back") { back(); return; }
    if (deed === "explain-copy") { copy(at("[data-do]")); return; }
    const figure = at("[data-explain]"), cell = event.altKey ? ofCell(event.target) : null;
    if (cell) { event.preventDefault(); event.stopImmediatePropagation(); open(cell, event.target.closest(".ag-cell")); return; }
    if (figure && !at("a, dialog[open]") && getSelection().isCollapsed) open(figure.dataset.explain, figure);
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const figure = event.key === "Enter" && event.target.dataset?.explain;
    if (figure) { event.preventDefault(); open(figure, event.target); return; }
    const cell = event.key === "e" && ofCell(event.target);
    if (cell) { event.preventDefault(); event.stopImmediatePropagation(); open(cell, event.target.closest(".ag-cell")); }
  }

  /* A figure can be reached by key, and says so, as soon as a pointer or the focus comes near: nothing is walked when pages are drawn. */
  function dress() {
    for (const figure of document.querySelectorAll("[data-explain]:not([tabindex])")) { figure.tabIndex = 0; figure.setAttribute("role", "button"); figure.title ||= TITLE; }
  }

  let soon = 0;
  document.addEventListener("click", onClick, true);
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("close", (event) => { if (event.target.id === SHEET) { const from = state.from; if (from?.isConnected) from.focus(); else document.querySelector(`[data-explain="${CSS.escape(state.trail[0] || "")}"]`)?.focus(); state.trail = []; } }, true);
  document.addEventListener("DOMContentLoaded", () => new MutationObserver(() => { if (!soon) soon = setTimeout(() => { soon = 0; dress(); }, 120); }).observe(document.body, { childList: true, subtree: true }));
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.explain = { filled };
  return { open, ofCell };
})();
