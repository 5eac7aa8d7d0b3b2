/* The holdings table: leaf rows from the server and the stream; groups and totals summed from them (`holding_rows.js`).
   Rows are updated by id, so scroll, selection and column sizes stay; a tick never changes the order of rows. */
window.portolan.holdings = (() => {
  const GRID = "holdings-grid", PAGE = "holdings-page";
  const kit = window.portolan.grid, notes = window.portolan.holdingNotes;
  const { CASH, CLOSED, GROUPS, decimalsOf, groupRow, leaf, moved, shown, sum, summary, weighed } = window.portolan.holdingRows;
  const COLUMNS = { least: ["average_cost", "spark", "on_cost", "quantity", "weight", "day_return"], phone: ["name", "spark", "value"] };
  const FLASH_MS = 900, QUIET_MS = 1000, LOUD_ROWS = 20;
  const page = { api: null, payload: null, leaves: new Map(), byKey: new Map(), groups: new Map(), total: null, shut: new Set([CASH, CLOSED]), group: "sector",
    filter: "", decimals: 2, top: 1, symbol: null, changes: [] };

  /* ------------------------------------------------------------------------------------------------------------ rows */
  function totalRow() {
    const rows = [...page.leaves.values()], live = page.payload.totals;
    return { id: "total", type: "total", name: "Total", count: rows.filter((row) => row.kind === "holding").length, ...summary(rows),
      day_return: live.day_return ?? summary(rows).day_return };
  }

  function regroup() {
    const members = new Map();
    for (const row of page.leaves.values()) {
      if (row.group === null) continue;
      if (!members.has(row.group)) members.set(row.group, []);
      members.get(row.group).push(row);
    }
    page.groups = new Map([...members].map(([name, rows]) => [name, groupRow(name, rows)]));
    page.total = totalRow();
    page.top = Math.max(1, ...[...page.leaves.values()].filter((row) => row.kind === "holding").map((row) => row.weight ?? 0));
  }

  /* ------------------------------------------------------------------------------------------- what comes from the server */
  async function load(payload) {
    if (!payload) return window.dash_clientside.no_update;
    const api = await kit.ready(GRID, PAGE);
    if (!api) return window.dash_clientside.no_update;
    if (api !== page.api) attach(api);
    const kept = payload.error && page.merged && page.payload?.scope === payload.scope && (page.payload.past ?? null) === (payload.past ?? null);
    kit.mark(document.getElementById(PAGE), "state", payload.error ? (kept ? "kept" : "error") : filled(payload.rows) ? "full" : "empty");
    if (payload.error) refuse(payload.error, kept);
    else {
      page.payload = payload;
      show();
    }
    const sheet = document.getElementById("holdings-drawer");
    if (page.symbol && !sheet.classList.contains("open")) open(page.symbol);
    return window.dash_clientside.no_update;
  }

  const filled = (rows) => rows.some((row) => row.kind !== "other");

  /* The rows of the same scope stay, dimmed; those of another one would be wrong. */
  function refuse(reason, kept) {
    for (const place of document.querySelectorAll(`#${PAGE} [data-part=reason]`)) kit.write(place, reason);
    if (!kept) Object.assign(page, { payload: null, merged: null, leaves: new Map() });
  }

  /* What to ask the server for. The page was drawn anew where nothing was asked before. */
  function query(scope, group, retry, ledger, before) {
    if (!scope) return window.dash_clientside.no_update;
    const element = document.getElementById(PAGE), address = new URLSearchParams(location.search);
    element.dataset.scope = scope.portfolio;
    if (!before) {
      page.group = GROUPS[address.get("group")] ? address.get("group") : "sector";
      page.symbol = address.get("symbol");
      page.filter = "";
      pressGroup();
    }
    const asked = { scope: scope.portfolio, as_of: scope.as_of, known_at: scope.known_at, by_portfolio: page.group === "portfolio", retry, ledger: before?.ledger ?? null };
    if (before?.scope === scope.portfolio && page.payload?.scope === scope.portfolio) asked.ledger = kit.moved(scope.portfolio, ledger, page.payload.revisions) ?? asked.ledger;
    return JSON.stringify(asked) === JSON.stringify(before) ? window.dash_clientside.no_update : asked;
  }

  function show() {
    const merged = weighed(page.payload.rows.map((row) => leaf(row, page.group)).map(overlaid));
    page.merged = new Map(merged.map((row) => [row.id, row]));
    page.drawn = new Map(page.merged);
    page.leaves = new Map(merged.flatMap((row) => shown(row, page.group)).map((row) => [row.id, row]));
    page.decimals = Math.min(4, Math.max(2, ...merged.filter((row) => row.kind === "holding").map((row) => decimalsOf(row.quantity))));
    settleOther();
    regroup();
    replace([...page.groups.values(), ...page.leaves.values()]);
    paintAround();
  }

  /* What the stream told after the server looked: the newest price wins. */
  function overlaid(row) {
    const live = window.portolan.live?.state, held = live?.portfolios?.[page.payload.scope]?.holdings?.[row.id], quote = live?.quotes?.[row.symbol];
    const newer = quote?.ts && row.ts && quote.ts > row.ts && Object.entries(page.payload.revisions).every(([id, revision]) => (live.ledger?.[id] ?? revision) <= revision);
    return held && newer && !page.payload.past ? moved(row, held, quote) : row;
  }

  /* Add, change and remove by id: what stays keeps its place on the screen. */
  function replace(rows) {
    const wanted = new Set(rows.map((row) => row.id)), update = [], create = [], remove = [];
    page.api.forEachNode((node) => { if (!wanted.has(node.id)) remove.push(node.data); });
    for (const row of rows) (page.api.getRowNode(row.id) ? update : create).push(row);
    page.api.applyTransaction({ add: create, update, remove });
    pinTotal();
    page.api.refreshClientSideRowModel("filter");
    kit.redraw(page.api, [...wanted, "total"]);
    resize();
  }

  function pinTotal() {
    const node = page.api.getPinnedBottomRow(0);
    if (node) node.setData(page.total);
    else page.api.setGridOption("pinnedBottomRowData", [page.total]);
  }

  /* ------------------------------------------------------------------------------------------- what comes from the stream */
  function tick({ changed: news, portfolios, quotes }) {
    const scope = page.payload?.scope, live = portfolios[scope], changed = new Map();
    if (!page.api || page.api.isDestroyed() || !page.merged || !live || page.payload.past) return;
    for (const key of news.portfolios[scope]?.keys || []) {
      const id = page.merged.has(key) ? key : `closed:${key}`, before = page.merged.get(id), held = live.holdings?.[key];
      if (before && held) page.merged.set(id, moved(before, held, quotes[before.symbol]));
    }
    const before = new Map(page.drawn);
    for (const row of weighed([...page.merged.values()])) {
      page.merged.set(row.id, row);
      if (before.get(row.id) !== row) for (const one of shown(row, page.group)) if (page.leaves.has(one.id)) changed.set(one.id, one);
    }
    page.drawn = new Map(page.merged);
    for (const name of ["day_return", "total_pnl", "income"]) if (live[name] !== undefined) page.payload.totals[name] = live[name];
    paint(changed);
  }

  function paint(changed) {
    const groups = new Set();
    for (const [id, row] of changed) {
      page.leaves.set(id, row);
      if (row.group !== null) groups.add(row.group);
    }
    const other = settleOther();
    for (const row of other) { changed.set(row.id, row); groups.add(row.group); }
    const members = (name) => [...page.leaves.values()].filter((row) => row.group === name);
    for (const name of groups) if (page.groups.has(name)) page.groups.set(name, groupRow(name, members(name)));
    page.total = totalRow();
    const updates = [...changed.values(), ...[...groups].filter((name) => page.groups.has(name)).map((name) => page.groups.get(name))];
    page.api.applyTransactionAsync({ update: updates });
    page.api.flushAsyncTransactions();
    pinTotal();
    kit.redraw(page.api, [...updates.map((row) => row.id), "total"]);
    flash([...changed.values()]);
    paintAround();
  }

  /* Interest, account fees and currency gains belong to no instrument; one row holds them, so that rows add up to the total. */
  function settleOther() {
    const total = kit.cents(page.payload.totals.total_pnl), rows = [...page.leaves.values()], others = rows.filter((row) => row.kind === "other");
    if (!others.length || total === null) return [];
    const left = total - sum(rows.filter((row) => row.kind !== "other"), "total_pnl");
    const values = kit.fit(others.map((row) => row.total_pnl ?? 0), left);
    return others.map((row, index) => ({ ...row, total_pnl: values[index] })).filter((row) => page.leaves.get(row.id).total_pnl !== row.total_pnl)
      .map((row) => { page.leaves.set(row.id, row); return row; });
  }

  function paintAround() {
    notes.paint(page);
    paintDrawer();
  }

  setInterval(() => { if (page.merged && document.getElementById(PAGE)) notes.stale([...page.merged.values()].filter((row) => row.kind === "holding")); }, 15_000);

  /* The number tints for a moment: at most once a second a cell; above 20 changing rows a second only rows in view. */
  function flash(rows) {
    const now = performance.now(), moving = rows.filter((row) => row.was !== undefined && row.was !== null && row.was !== row.price);
    page.changes = page.changes.filter((at) => now - at < QUIET_MS).concat(moving.map(() => now));
    const range = page.changes.length > LOUD_ROWS ? page.api.getVerticalPixelRange() : null;
    for (const row of moving) {
      for (const one of kit.cells(page.api, row.id)) {
        if (one.column !== "price" || now - (one.flashed ?? -QUIET_MS) < QUIET_MS) continue;
        if (range && (one.node.rowTop + one.node.rowHeight < range.top || one.node.rowTop > range.bottom)) continue;
        one.flashed = now;
        tint(one.parts.price, row.price > row.was ? "up" : "down");
      }
    }
  }

  function tint(target, way) {
    target.classList.add(way);
    setTimeout(() => target.classList.remove(way), FLASH_MS);
  }

  /* ------------------------------------------------------------------------------------------------------- the drawer */
  function open(symbol) {
    const before = page.symbol;
    page.symbol = symbol || null;
    if (page.api && !page.api.isDestroyed()) kit.redraw(page.api, [...page.leaves.values()].filter((row) => row.symbol === before || row.symbol === symbol).map((row) => row.id));
    const sheet = document.getElementById("holdings-drawer");
    if (!sheet) return;
    sheet.classList.toggle("open", Boolean(symbol));
    if (symbol) {
      const row = rowOf(symbol);
      if (sheet.dataset.symbol !== symbol) { sheet.dataset.symbol = symbol; document.getElementById("holdings-drawer-body")?.classList.add("waiting"); }
      kit.write(sheet.querySelector("[data-part=symbol]"), symbol);
      kit.write(sheet.querySelector("[data-part=name]"), row?.name || "");
      sheet.querySelector("footer").hidden = !(row?.quantity > 0); // what is not held cannot be sold
      sheet.focus({ preventScroll: true });
    }
    kit.setStore("holdings-symbol", symbol || null);
    window.portolan.shell?.query?.({ symbol: symbol || null });
  }

  function close() {
    const symbol = page.symbol;
    open(null);
    const node = symbol && page.api && [...page.leaves.values()].find((row) => row.symbol === symbol);
    if (node) focusRow(node.id);
  }

  function focusRow(id) {
    const node = page.api.getRowNode(id);
    if (node && node.displayed) page.api.setFocusedCell(node.rowIndex, "name");
  }

  const rowOf = (symbol) => [...(page.merged?.values() || [])].find((row) => row.symbol === symbol && row.kind !== "cash");
  const paintDrawer = () => window.portolan.holdingDrawer.paint(page.symbol, page.symbol && rowOf(page.symbol));

  /* -------------------------------------------------------------------------------------------------------- the grid */
  function attach(api) {
    Object.assign(page, { api, payload: null, merged: null, leaves: new Map() });
    api.addEventListener("cellClicked", ({ data, event }) => press(data, event));
    api.addEventListener("cellKeyDown", ({ data, event }) => key(data, event));
    api.addEventListener("gridSizeChanged", resize);
    pressGroup();
  }

  function press(row, event) {
    if (event?.target?.closest?.("a, button")) return;
    if (row?.type === "group") toggle(row.group);
    else if (opens(row)) open(row.symbol);
  }

  const opens = (row) => row?.type === "leaf" && (row.kind === "holding" || row.kind === "closed");

  function key(row, event) {
    if (!event || !row) return;
    const shut = page.shut.has(row.group);
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); press(row, event); }
    else if (row.type === "group" && ((event.key === "ArrowLeft" && !shut) || (event.key === "ArrowRight" && shut))) { event.preventDefault(); toggle(row.group); }
  }

  function toggle(name) {
    if (!page.shut.delete(name)) page.shut.add(name);
    page.api.onFilterChanged();
    kit.redraw(page.api, [`group:${name}`]);
    resize();
  }

  function matches(row) {
    const words = page.filter.toLowerCase().split(/\s+/).filter(Boolean), text = `${row.symbol} ${row.name} ${row.sector || ""} ${row.currency || ""} ${row.portfolio_name || ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  }

  function passes({ data }) {
    if (data.type === "group") return [...page.leaves.values()].some((row) => row.group === data.group && matches(row));
    return matches(data) && (page.filter !== "" || !page.shut.has(data.group));
  }

  /* The grid sorts all rows by a column; we put every group's leaves under it. Cash and closed positions stay last. */
  function order({ nodes, api }) {
    const sorted = api.getColumnState().find((column) => column.sort)?.colId, groups = nodes.filter((node) => node.data.type === "group"), leaves = nodes.filter((node) => node.data.type !== "group");
    if (!groups.some((node) => node.data[sorted] !== null && node.data[sorted] !== undefined)) groups.sort((a, b) => b.data.value - a.data.value);
    const last = (node) => (node.data.group === CASH ? 1 : node.data.group === CLOSED ? 2 : 0), loose = leaves.filter((node) => node.data.group === null);
    groups.sort((a, b) => last(a) - last(b));
    const placed = groups.flatMap((group) => [group, ...leaves.filter((node) => node.data.group === group.data.group)]);
    const plain = loose.sort((a, b) => (a.data.kind === "holding" ? 0 : 1) - (b.data.kind === "holding" ? 0 : 1));
    nodes.splice(0, nodes.length, ...plain, ...placed);
  }

  const isPhone = () => kit.NARROW_SCREEN.matches;

  function rowHeight({ data, node }) {
    if (node.rowPinned) return 36;
    return data.type === "group" ? (isPhone() ? 34 : 30) : isPhone() ? 52 : 32;
  }

  /* Height of the content; the style sheet limits it to the window. */
  function resize() {
    const api = page.api, frame = document.getElementById(GRID);
    if (!api || api.isDestroyed() || !frame) return;
    let height = 0;
    api.forEachNodeAfterFilterAndSort((node) => { height += rowHeight(node.rowPinned ? { node } : { data: node.data, node }); });
    frame.style.setProperty("--content", `${height + 30 + 36 + 3}px`);
    if (frame.clientWidth) kit.fitColumns(api, frame.clientWidth, COLUMNS);
  }

  kit.NARROW_SCREEN.addEventListener("change", () => {
    if (!page.api || page.api.isDestroyed()) return;
    page.api.resetRowHeights();
    resize();
  });

  /* ---------------------------------------------------------------------------------------------------- page controls */
  function pressGroup() {
    document.querySelectorAll(`#${PAGE} [data-group]`).forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.group === page.group)));
  }

  function setGroup(name) {
    page.group = name;
    page.shut = new Set([CASH, CLOSED]);
    pressGroup();
    window.portolan.shell?.query?.({ group: name === "sector" ? null : name });
    kit.setStore("holdings-group", name);
    if (page.payload?.rows) show();
  }

  function setFilter(text) {
    page.filter = text.trim();
    if (!page.api || page.api.isDestroyed()) return;
    page.api.onFilterChanged();
    resize();
  }

  function exportRows() {
    const visible = [];
    page.api.forEachNodeAfterFilterAndSort((node) => { if (node.data.type === "leaf") visible.push(node.data); });
    const base = page.payload.base_currency, money = (value) => (value === null ? "" : (value / 100).toFixed(2)), ratio = (value) => (value === null || value === undefined ? "" : Number(value.toFixed(6)));
    const head = ["group", "symbol", "name", "quantity", "price", "currency", "price_state", "price_time", "day_return", `day_pnl_${base}`, "average_cost", `value_${base}`, `total_pnl_${base}`, "on_cost", "weight_percent"];
    const rows = visible.map((row) => [row.group ?? "", row.symbol, row.name, row.quantity ?? "", row.price ?? "", row.currency ?? "", row.state ?? "", row.ts ? new Date(row.ts).toISOString() : "",
      ratio(row.day_return), money(row.day_pnl), row.average_cost ?? "", money(row.value), money(row.total_pnl), ratio(row.on_cost), row.weight === null ? "" : row.weight / 10]);
    kit.download(`portolan-holdings-${new Date().toISOString().slice(0, 10)}.csv`, [head, ...rows]);
  }

  document.addEventListener("portolan:tick", (event) => tick(event.detail));
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.(`#${PAGE} button`);
    if (!button) return;
    if (button.dataset.group) setGroup(button.dataset.group);
    else if (button.dataset.do === "close-holdings-drawer") close();
    else if (button.dataset.do === "export-holdings" && page.payload?.rows) exportRows();
    else if (button.dataset.do === "retry-holdings") kit.setStore("holdings-retry", Date.now());
  });
  document.addEventListener("input", ({ target }) => { if (target.closest?.(`#${PAGE} .filter`)) setFilter(target.value); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && page.symbol && document.getElementById(PAGE) && !document.querySelector("dialog[open]")) { event.preventDefault(); close(); }
  });
  document.addEventListener("mouseover", ({ target }) => {
    const mark = target.closest?.(`#${GRID} .age`), id = mark?.closest(".ag-row")?.getAttribute("row-id"), row = id && page.leaves.get(id);
    if (row) mark.title = kit.ageTitle(row);
  });

  const opened = () => { document.getElementById("holdings-drawer-body")?.classList.remove("waiting"); requestAnimationFrame(paintDrawer); };
  const byName = (left, right, a, b) => String(a?.data.symbol || a?.data.name).localeCompare(String(b?.data.symbol || b?.data.name)) * -1;

  Object.assign(window.dashAgGridFunctions, { portolanPasses: passes, portolanOrder: order, portolanRowHeight: rowHeight, portolanHasFilter: () => true, portolanByName: byName });
  window.dash_clientside = Object.assign(window.dash_clientside || {}, { holdings: { query, load, opened } });
  return { open, page };
})();
