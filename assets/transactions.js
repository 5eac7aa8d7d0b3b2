/* The ledger page: the table of transactions with its filters, and what can be done to one row. The form stands in `transaction_form.js`. */
window.portolan.transactions = (() => {
  const GRID = "transactions-grid", PAGE = "transactions-page", SHEET = "transactions-form-sheet", HISTORY = "transactions-history";
  const FILTERS = ["kind", "symbol", "start", "end"], PAUSE_MS = 250, FIRST = 400, STEP = 1000;
  const COLUMNS = { least: ["recorded_at", "account", "note", "tax", "fee", "portfolio_name"], phone: ["symbol", "gross"] };
  const kit = window.portolan.grid, format = window.portolan.format, { setValue } = window.portolan.draw, sheet = window.portolan.transactionForm, { form } = sheet, shell = () => window.portolan.shell;
  const page = { api: null, rows: new Map(), decimals: 2, query: null, entry: null, last: null };
  const byId = (id) => document.getElementById(id);
  const find = (selector) => document.querySelector(`#${PAGE} ${selector}`);
  const none = () => window.dash_clientside.no_update;

  /* ----------------------------------------------------------------------------------------------------------- the table */
  function query(scope, retry, ledger, before) {
    if (!scope) return none();
    const address = new URLSearchParams(location.search);
    if (!before) {
      for (const name of FILTERS) setValue(filterInput(name), address.get(name) || "");
      page.query = null;
      form.open = false;
      page.entry = null;
      if (address.get("new") !== null) setTimeout(() => openForm({ kind: address.get("new"), symbol: address.get("instrument") || "" }), 60);
    }
    const asked = { scope: scope.portfolio, as_of: scope.as_of, known_at: scope.known_at, ...filters(address.get("voided") === "1"), limit: before?.scope === scope.portfolio ? before.limit : FIRST, retry, ledger: before?.ledger ?? null };
    if (page.scope === scope.portfolio && before?.scope === scope.portfolio) asked.ledger = kit.moved(scope.portfolio, ledger, page.revisions) ?? asked.ledger;
    if (JSON.stringify(asked) === JSON.stringify(before)) return none();
    page.query = asked;
    paintFilters();
    return asked;
  }

  const filterInput = (name) => find(`[data-filter=${name}] [name=${name}]`);
  const filters = (voided) => ({ ...Object.fromEntries(FILTERS.map((name) => [name, filterInput(name)?.value.trim() || null])), voided });

  let filtering = 0;
  function filterSoon(wait = PAUSE_MS) {
    clearTimeout(filtering);
    filtering = setTimeout(() => refilter(page.query?.voided), wait);
  }

  function refilter(voided) {
    if (!page.query) return;
    const asked = { ...page.query, ...filters(Boolean(voided)), limit: FIRST };
    if (JSON.stringify(asked) === JSON.stringify(page.query)) return;
    page.query = asked;
    shell().query({ kind: asked.kind, symbol: asked.symbol, start: asked.start, end: asked.end, voided: asked.voided ? "1" : null, new: null });
    paintFilters();
    kit.setStore("transactions-query", asked);
  }

  function paintFilters() {
    const any = FILTERS.some((name) => page.query[name]);
    find("[data-do=toggle-voided]").setAttribute("aria-pressed", String(page.query.voided));
    document.querySelectorAll(`#${PAGE} .toolbar [data-do=clear-filters]`).forEach((button) => { button.hidden = !any; });
  }

  function clearFilters() {
    for (const name of FILTERS) setValue(filterInput(name), "");
    refilter(page.query?.voided);
  }

  async function load(payload) {
    if (!payload) return none();
    const api = await kit.ready(GRID, PAGE);
    if (!api) return none();
    if (api !== page.api) attach(api);
    const element = byId(PAGE), rows = payload.rows || [], filtered = [...FILTERS, "as_of", "known_at"].some((name) => page.query?.[name]);
    const kept = page.rows.size && page.scope === payload.scope;
    kit.mark(element, "state", payload.error ? (kept ? "kept" : "error") : rows.length ? "full" : filtered ? "none" : "empty");
    if (payload.error) for (const place of element.querySelectorAll("[data-part=reason]")) kit.write(place, payload.error);
    else show(payload, rows);
    return none();
  }

  /* By id: a row that another tab changed changes here, and nothing else moves. */
  function show(payload, rows) {
    const fresh = page.rows.size && page.scope === payload.scope ? rows.filter((row) => !page.rows.has(row.id)).map((row) => row.id) : [];
    Object.assign(page, { scope: payload.scope, revisions: payload.revisions });
    Object.assign(form, { portfolios: payload.portfolios, instruments: payload.instruments });
    if (form.open) { sheet.offer(); sheet.typed(0); }
    const wanted = new Map(rows.map((row) => [row.id, { ...row, fresh: row.id === page.last?.id }])), update = [], add = [], remove = [];
    page.api.forEachNode((node) => { if (!wanted.has(node.id)) remove.push(node.data); });
    const same = (row, node) => node.data.version === row.version && node.data.fresh === row.fresh && node.data.name === row.name;
    for (const row of wanted.values()) {
      const node = page.api.getRowNode(row.id);
      if (!node) add.push(row);
      else if (!same(row, node)) update.push(row);
    }
    page.rows = wanted;
    page.decimals = Math.min(4, Math.max(0, ...rows.map((row) => (String(row.quantity ?? "").split(".")[1] || "").replace(/0+$/, "").length)));
    page.api.applyTransaction({ add, update, remove });
    if (page.entry && wanted.has(page.entry.id)) { page.entry = wanted.get(page.entry.id); paintEntry(); }
    kit.redraw(page.api, [...wanted.keys()]);
    page.more = payload.more;
    const voided = rows.filter((row) => row.voided).length, count = format.number(rows.length - voided, { decimals: 0 });
    kit.write(find("[data-part=count]"), `${payload.more ? `the newest ${count}` : count}${voided ? `, and ${voided} voided` : ""}`);
    if (fresh.length === 1) page.api.ensureNodeVisible(page.api.getRowNode(fresh[0]));
    resize();
    offerAccounts();
  }

  function attach(api) {
    Object.assign(page, { api, rows: new Map(), scope: null });
    api.addEventListener("cellClicked", ({ data }) => openEntry(data));
    api.addEventListener("cellKeyDown", ({ data, event }) => { if (event?.key === "Enter" || event?.key === " ") { event.preventDefault(); openEntry(data); } });
    api.addEventListener("gridSizeChanged", resize);
    api.addEventListener("bodyScrollEnd", older);
  }

  /* Older rows come when the reader nears the end of those that are here. */
  function older() {
    if (!page.more || page.api.getLastDisplayedRowIndex() < page.api.getDisplayedRowCount() - 40) return;
    page.more = false;
    page.query = { ...page.query, limit: page.query.limit + STEP };
    kit.setStore("transactions-query", page.query);
  }

  const isPhone = () => kit.NARROW_SCREEN.matches;
  const rowHeight = () => (isPhone() ? 52 : 32);

  function resize() {
    const api = page.api, frame = byId(GRID);
    if (!api || api.isDestroyed() || !frame) return;
    frame.style.setProperty("--content", `${api.getDisplayedRowCount() * rowHeight() + 30 + 3}px`);
    if (frame.clientWidth) kit.fitColumns(api, frame.clientWidth, { ...COLUMNS, hidden: unneeded() });
  }

  /* A column that says the same in every row is left out: accounts where there are none, the portfolio where there is one. */
  function unneeded() {
    const rows = [...page.rows.values()];
    return [...(page.query?.scope === "all" ? [] : ["portfolio_name"]), ...(rows.some((row) => row.account) ? [] : ["account"])];
  }

  kit.NARROW_SCREEN.addEventListener("change", () => { if (page.api && !page.api.isDestroyed()) { page.api.resetRowHeights(); kit.redraw(page.api, [...page.rows.keys()]); resize(); } });

  const byNumber = (left, right) => Number(left ?? -Infinity) - Number(right ?? -Infinity) || 0;
  const byDate = (left, right, a, b) => (left < right ? -1 : left > right ? 1 : (a?.data.sequence ?? 0) - (b?.data.sequence ?? 0));

  /* ------------------------------------------------------------------------------------------- one row and what to do to it */
  function offerAccounts() {
    sheet.fill("accounts", [...new Set([...page.rows.values()].map((row) => row.account).filter(Boolean))].map((name) => [name, ""]));
  }

  function openForm(values, editing) {
    closeEntry();
    sheet.open(values, editing, page.query?.scope);
  }

  function saved(result) {
    if (!result) return none();
    sheet.saved(result);
    if (result.ok) {
      page.last = { ...result.entry, back: { earlier: "later", later: "earlier" }[result.action] };
      if (!page.last.back) closeEntry(); // one step is often followed by another
    }
    return none();
  }

  function openEntry(row) {
    if (!row) return;
    sheet.close();
    const before = page.entry;
    page.entry = row;
    redraw(before, row);
    const history = byId(HISTORY);
    history.classList.add("open");
    paintEntry();
    byId("transactions-history-body").classList.add("waiting");
    kit.setStore("transactions-entry", { portfolio: row.portfolio, id: row.id, version: row.version });
    history.focus({ preventScroll: true });
  }

  /* Title and buttons of the sheet, for the version that the table shows now. */
  function paintEntry() {
    const history = byId(HISTORY), row = page.entry;
    kit.write(history.querySelector("[data-part=title]"), [row.kind_name, row.quantity === null ? "" : format.quantity(Number(row.quantity)), row.symbol || ""].filter(Boolean).join(" "));
    for (const [name, hidden] of [["void-entry", row.voided], ["correct-entry", row.voided], ["restore-entry", !row.voided], ["earlier-entry", !beside(row, -1)], ["later-entry", !beside(row, 1)]]) history.querySelector(`[data-do=${name}]`).hidden = hidden;
  }

  /* Whether the row can be booked before or after another one of its day. */
  const beside = (row, step) => !row.voided && [...page.rows.values()].some((other) => !other.voided && other.date === row.date && other.portfolio === row.portfolio && (other.sequence - row.sequence) * step > 0);

  function shift(action, step) {
    if (page.entry && beside(page.entry, step)) act(action, page.entry);
  }

  function closeEntry() {
    const row = page.entry;
    page.entry = null;
    byId(HISTORY)?.classList.remove("open");
    redraw(row);
    const node = row && page.api && !page.api.isDestroyed() && page.api.getRowNode(row.id);
    if (node) page.api.setFocusedCell(node.rowIndex, "symbol");
  }

  function redraw(...rows) {
    if (page.api && !page.api.isDestroyed()) kit.redraw(page.api, rows.filter(Boolean).map((row) => row.id));
  }

  const told = () => { byId("transactions-history-body")?.classList.remove("waiting"); };

  function act(action, entry) {
    if (entry) kit.setStore("transactions-save", { action, portfolio: entry.portfolio, editing: { id: entry.id, version: entry.version, also: entry.also }, key: shell().key(), at: Date.now() });
  }

  function askVoid() {
    const row = page.entry;
    if (!row) return;
    kit.write(byId("transactions-confirm").querySelector("[data-part=what]"), `${row.kind_name} ${row.quantity !== null ? format.quantity(Number(row.quantity)) : row.amount !== null ? format.money(Number(row.amount)) : ""} ${row.symbol || row.currency || ""}, ${kit.date(row.date)}`);
    shell().open("transactions-confirm");
  }

  const deeds = {
    "new-transaction": () => { if (byId(PAGE)) openForm(); else shell().go("/transactions", { new: "BUY" }); },
    "save-transaction": () => sheet.save(),
    "add-instrument": sheet.addInstrument,
    "void-entry": askVoid,
    "confirm-void": () => { shell().close("transactions-confirm"); act("void", page.entry); },
    "correct-entry": () => { const row = page.entry; openForm(row, { id: row.id, version: row.version }); },
    "restore-entry": () => act("undo", page.entry),
    "earlier-entry": () => shift("earlier", -1),
    "later-entry": () => shift("later", 1),
    "undo-entry": () => act(page.last?.back || "undo", page.last),
    "dismiss-done": () => kit.setStore("transactions-save", { action: "dismiss", at: Date.now() }),
    "take-theirs": () => sheet.settle(false),
    "save-mine": () => sheet.settle(true),
    "clear-filters": clearFilters,
    "toggle-voided": () => refilter(!page.query?.voided),
    "retry-transactions": () => kit.setStore("transactions-retry", Date.now()),
    [`close-${SHEET}`]: sheet.close,
    [`close-${HISTORY}`]: closeEntry,
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-do]"), deed = button && deeds[button.dataset.do];
    if (!deed) return;
    event.preventDefault();
    deed(button);
  });

  document.addEventListener("input", ({ target }) => {
    if (target.closest?.(`#${PAGE} [data-filter]`)) filterSoon();
  });

  /* Before the frame's own keys: n is a new transaction here, Esc closes the sheet on top. */
  document.addEventListener("keydown", (event) => {
    if (!byId(PAGE) || document.querySelector("dialog[open]")) return;
    const typing = event.target.closest?.("input, textarea, select");
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && form.open) { event.preventDefault(); sheet.save(); }
    else if (event.key === "Escape" && (form.open || page.entry)) { event.preventDefault(); event.stopImmediatePropagation(); if (form.open) sheet.close(); else closeEntry(); }
    else if (event.altKey && page.entry && (event.key === "ArrowUp" || event.key === "ArrowDown")) { event.preventDefault(); if (event.key === "ArrowUp") shift("earlier", -1); else shift("later", 1); }
    else if (event.key === "n" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); event.stopImmediatePropagation(); openForm(); }
  }, true);

  Object.assign(window.dashAgGridFunctions, { portolanLedgerHeight: rowHeight, portolanByNumber: byNumber, portolanByDate: byDate });
  window.dash_clientside = Object.assign(window.dash_clientside || {}, { transactions: { query, load, checked: sheet.checked, saved, added: sheet.added, told } });
  return { page };
})();
