/* The Overview: treemap and movers are drawn here and follow every tick; figures that follow from streamed
   ones (shares, counts, sums) are counted here. Nothing is drawn anew on a tick: texts, widths and tints change in place. */
window.portolan = window.portolan || {};
window.dash_clientside = window.dash_clientside || {};

window.portolan.overview = (() => {
  const { svg, element, tone, squarify, sized, whenThere } = window.portolan.draw;
  const format = window.portolan.format, lines = window.portolan.lines;
  const CAP = 0.02, STRONGEST = 46, RANK_PAUSE_MS = 10_000, LAYOUT_PAUSE_MS = 30_000, SHOWN_MOVERS = 10;
  const byId = (id) => document.getElementById(id);
  const page = { model: null, tree: null, movers: null };

  const held = () => page.model.rows.filter((row) => !row.is_cash);
  const sum = (rows, field) => rows.reduce((total, row) => total + (row[field] ?? 0), 0);

  /* ------------------------------------------------------------------ the model */
  function load(data) {
    page.model = data ? { ...data, rows: data.rows.map((row) => ({ ...row })) } : null;
    const state = data && !data.past && window.portolan.live?.state.portfolios[data.scope];
    if (state) merge(state);
    whenThere(["overview-treemap", "overview-movers"], () => { layTree(); layMovers(); tables(); if (page.model) follow(); lines.drawToday(page.model); });
  }

  function merge(state) {
    page.model.totals = { ...page.model.totals, ...state, holdings: undefined };
    for (const row of page.model.rows) {
      const told = state.holdings?.[row.key];
      if (told) Object.assign(row, { value: told.market_value, day_pnl: told.day_pnl, day_return: told.day_return, total_pnl: told.total_pnl, weight: told.weight, price: told.price, state: told.state ?? row.state });
    }
  }

  function onTick(event) {
    if (!byId("overview-page") || !page.model || page.model.past) return;
    const states = event.detail.state.portfolios;
    ratios(states);
    const state = states[page.model.scope];
    if (!state || state.gone) return;
    merge(state);
    paintTree();
    paintMovers();
    follow();
    lines.growToday(page.model, event.detail.ts);
    lines.growGrowth(page.model);
  }

  /* ---------------------------------------------------- figures that follow from others */
  function figures() {
    const { totals, rows } = page.model, priced = held(), known = priced.filter((row) => row.value !== null);
    const largest = known.reduce((best, row) => (!best || Math.abs(row.value) > Math.abs(best.value) ? row : best), null);
    const found = {
      on_contributed: totals.net_contributions ? totals.total_pnl / totals.net_contributions : null,
      on_cost_all: totals.market_value - totals.unrealised > 0 ? totals.total_pnl / (totals.market_value - totals.unrealised) : null,
      cash_share: totals.value ? totals.cash / totals.value : null,
      unchanged: priced.length - totals.up - totals.down, largest: largest?.symbol, largest_name: largest?.name, largest_weight: largest?.weight,
    };
    for (const row of rows) found[`currency:${row.currency}`] = (found[`currency:${row.currency}`] ?? 0) + (row.weight ?? 0);
    for (const state of ["live", "delayed", "stale", "closed", "missing"]) found[`state:${state}`] = priced.filter((row) => row.state === state).length;
    return found;
  }

  function follow() {
    const root = byId("overview-page"), found = figures();
    for (const node of root.querySelectorAll("[data-figure]")) {
      const value = found[node.dataset.figure];
      if (node.dataset.format) format.paint(node, value);
      else if (value) format.setText(node, value);
    }
    for (const node of root.querySelectorAll(".state[data-none]")) node.dataset.none = node.textContent.startsWith("0");
    for (const row of root.querySelectorAll("tr[data-members]")) {
      const members = row.dataset.members.split(" "), rows = page.model.rows.filter((each) => members.includes(each.key));
      for (const node of row.querySelectorAll("[data-sum]")) format.paint(node, sum(rows, node.dataset.sum === "market_value" ? "value" : node.dataset.sum));
    }
    for (const mark of root.querySelectorAll("tr[data-symbol] .age")) {
      const row = page.model.rows.find((each) => each.key === mark.closest("tr").dataset.symbol);
      if (row?.state && mark.dataset.state !== row.state) mark.dataset.state = row.state;
      const quote = !page.model.past && window.portolan.live?.state.quotes[row?.symbol];
      if (quote) mark.title = window.portolan.grid.ageTitle({ ...quote, state: row.state });
    }
  }

  /* Cells of the comparison that divide two streamed figures: data-ratio="cash/value". */
  function ratios(states) {
    for (const node of document.querySelectorAll("#overview-compare [data-ratio]")) {
      const [part, whole] = node.dataset.ratio.split("/"), state = states[node.closest("[data-scope]").dataset.scope];
      if (state && !state.gone) format.paint(node, state[whole] ? state[part] / state[whole] : null);
    }
  }

  /* ------------------------------------------------------------------ treemap */
  function sectors() {
    const groups = new Map();
    for (const row of page.model.rows) if (row.value > 0) groups.set(row.sector, [...(groups.get(row.sector) || []), { key: row.key, size: row.value }]);
    return [...groups].map(([name, items]) => ({ name, items, size: items.reduce((total, item) => total + item.size, 0) }));
  }

  function layTree() {
    const box = byId("overview-treemap");
    if (!page.tree || page.tree.box !== box) { page.tree?.observer.disconnect(); page.tree = { box, observer: sized(box, layTree), tiles: [] }; }
    const width = box.clientWidth, height = box.clientHeight;
    page.tree.at = performance.now();
    page.tree.tiles = [];
    box.replaceChildren();
    if (!page.model || !width || !height) return;
    const groups = sectors(), root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": spokenTree(groups) }, box);
    page.tree.heads = [];
    for (const group of squarify(groups, 0, 0, width, height)) layGroup(root, group);
    paintTree();
  }

  function layGroup(root, group) {
    const head = group.height > 54 && group.width > 60 ? 15 : 0;
    if (head) page.tree.heads.push({ node: svg("text", { x: group.x + 3, y: group.y + 11, class: "t2" }, root), group, room: Math.floor((group.width - 6) / 5.9) });
    for (const tile of squarify(group.items, group.x + 1, group.y + head, group.width - 2, Math.max(1, group.height - head - 2))) layTile(root, tile);
  }

  function layTile(root, tile) {
    const row = page.model.rows.find((each) => each.key === tile.key), name = row.is_cash ? row.currency : row.symbol;
    const rect = svg("rect", { x: tile.x + 0.5, y: tile.y + 0.5, width: Math.max(0, tile.width - 1.5), height: Math.max(0, tile.height - 1.5), rx: 2, class: "tile" }, root);
    const roomy = tile.width > name.length * 7.6 + 12, tight = tile.width > name.length * 6.7 + 6;
    if ((roomy || tight) && tile.height > 18) svg("text", { x: tile.x + (roomy ? 6 : 3.5), y: tile.y + 14, class: roomy ? "name" : "name tight" }, root, name);
    const day = !row.is_cash && tile.height > 32 && tile.width > 54 ? svg("text", { x: tile.x + 6, y: tile.y + 27, class: "t1" }, root) : null;
    page.tree.tiles.push({ row: tile.key, rect, day, title: svg("title", {}, rect) });
  }

  function paintTree() {
    if (!page.tree?.tiles.length) return;
    if (performance.now() - page.tree.at > LAYOUT_PAUSE_MS) { layTree(); return; }
    const rows = new Map(page.model.rows.map((row) => [row.key, row])), total = page.model.totals.value;
    for (const { node, group, room } of page.tree.heads) {
      const share = format.share(sum(group.items.map((item) => rows.get(item.key)), "value") / total);
      const name = group.name.length <= room ? group.name : `${group.name.slice(0, room - 1)}…`;
      const text = group.name.length + share.length + 2 <= room ? `${name}\u2002${share}` : name;
      if (node.textContent !== text) node.textContent = text;
    }
    for (const tile of page.tree.tiles) paintTile(tile, rows.get(tile.row));
  }

  function paintTile(tile, row) {
    const change = row.is_cash ? null : row.day_return, part = change === null ? 0 : Math.min(STRONGEST, Math.abs(change) / CAP * STRONGEST);
    const fill = part < 0.5 ? "var(--heat-base)" : `color-mix(in oklab, ${tone(change)} ${part.toFixed(0)}%, var(--heat-base))`;
    if (tile.fill !== fill) { tile.fill = fill; tile.rect.style.fill = fill; }
    const day = change === null ? "" : format.percent(change);
    if (tile.day && tile.day.textContent !== day) tile.day.textContent = day;
    const title = `${row.is_cash ? `Cash, ${row.currency}` : `${row.symbol} ${row.name}`}: ${format.money(row.value, { decimals: 0 })} ${page.model.currency}${day ? `, day ${day}` : ""}`;
    if (tile.title.textContent !== title) tile.title.textContent = title;
  }

  const spokenTree = (groups) => `Allocation by sector: ${[...groups].sort((a, b) => b.size - a.size).map((group) => `${group.name} ${format.share(group.size / page.model.totals.value)}`).join(", ")}`;

  /* ------------------------------------------------------------------- movers */
  /* Half of the places for what went up, half for what went down; what one side leaves free the other takes. */
  function ranked() {
    const order = held().filter((row) => row.day_pnl).sort((a, b) => b.day_pnl - a.day_pnl);
    const up = order.filter((row) => row.day_pnl > 0), down = order.filter((row) => row.day_pnl < 0), half = SHOWN_MOVERS / 2;
    const ups = Math.min(up.length, Math.max(half, SHOWN_MOVERS - down.length)), downs = Math.min(down.length, SHOWN_MOVERS - ups);
    return [...up.slice(0, ups), ...down.slice(down.length - downs)].map((row) => row.key);
  }

  function layMovers() {
    const box = byId("overview-movers");
    page.movers = { box, at: performance.now(), keys: [], rows: [], rest: null };
    box.replaceChildren();
    if (!page.model || !held().length) return;
    page.movers.keys = ranked();
    page.movers.rows = page.movers.keys.map((key) => {
      const parts = { key, bar: element("i"), pnl: element("span", { class: "num", "data-explain": `day_pnl:${key}` }, ""), day: element("span", { class: "soft num", "data-explain": `day_return:${key}` }, "") };
      box.append(element("div", { class: "spread" }, element("b", {}, key), element("span", { class: "track" }, parts.bar), parts.pnl, parts.day));
      return parts;
    });
    const rest = held().length - page.movers.keys.length;
    const others = page.model.rows.filter((row) => !page.movers.keys.includes(row.key)).map((row) => row.key).join(",");
    page.movers.rest = element("span", { class: "num", "data-explain": others ? `day_pnl:${others}` : null }, "");
    const cash = page.model.rows.some((row) => row.is_cash) ? " and cash" : "";
    if (!page.movers.keys.length) box.append(element("p", { class: "nothing" }, "No price has moved today."));
    if (rest > 0 || cash) box.append(element("div", { class: "spread rest" }, element("span", { class: "soft" }, rest > 0 ? `Other ${rest} holding${rest > 1 ? "s" : ""}${cash}` : "Cash"), page.movers.rest, element("span")));
    box.append(element("div", { class: "spread sum" }, element("span", {}, "Day P/L"), live("day_pnl", "signed", "money"), live("day_return", "percent")));
    paintMovers();
  }

  const live = (name, form, toned) => element("span", { class: toned ? `num ${format.tone(page.model.totals[name])}` : "soft num", "data-live": name, "data-explain": name, "data-format": form, "data-tone": toned ? "" : null }, format.text(page.model.totals[name], form));

  function paintMovers() {
    if (!page.movers?.rest) return;
    if (performance.now() - page.movers.at > RANK_PAUSE_MS) {
      page.movers.at = performance.now();
      if (ranked().join() !== page.movers.keys.join()) { layMovers(); return; }
    }
    const rows = new Map(page.model.rows.map((row) => [row.key, row]));
    const widest = Math.max(...page.movers.keys.map((key) => Math.abs(rows.get(key).day_pnl ?? 0)), 0.01);
    for (const parts of page.movers.rows) {
      const row = rows.get(parts.key), width = `${(50 * Math.abs(row.day_pnl ?? 0) / widest).toFixed(1)}%`;
      if (parts.bar.style.width !== width) parts.bar.style.width = width;
      parts.bar.className = row.day_pnl < 0 ? "n" : "p";
      format.setText(parts.pnl, format.money(row.day_pnl, { signed: true }));
      format.setTone(parts.pnl, row.day_pnl);
      format.setText(parts.day, format.percent(row.day_return));
    }
    const other = page.model.totals.day_pnl - sum(page.movers.keys.map((key) => rows.get(key)), "day_pnl");
    format.setText(page.movers.rest, format.money(other, { signed: true }));
    format.setTone(page.movers.rest, other);
    page.movers.box.setAttribute("aria-label", `Movers: ${page.movers.rows.length} holdings by day P/L, from ${page.movers.keys[0] ?? "none"} to ${page.movers.keys.at(-1) ?? "none"}`);
  }

  /* -------------------------------------------------- table views of treemap and movers */
  function tables() {
    if (!page.model) return;
    const rows = [...page.model.rows].sort((a, b) => a.sector.localeCompare(b.sector) || (b.value ?? 0) - (a.value ?? 0));
    fill("overview-treemap-table", ["Instrument", "Sector", "Value", "Weight", "Day"], rows, (row) => [row.sector, at(row, "market_value", row.value), at(row, "weight", row.weight, "weight"), row.is_cash ? "" : at(row, "day_return", row.day_return, "percent")]);
    const moved = held().sort((a, b) => (b.day_pnl ?? 0) - (a.day_pnl ?? 0));
    fill("overview-movers-table", ["Instrument", "Day P/L", "Day"], moved, (row) => [at(row, "day_pnl", row.day_pnl, "signed", true), at(row, "day_return", row.day_return, "percent")]);
  }

  const figureOf = (row, field) => `${field === "market_value" && row.is_cash ? "value" : field}:${row.key}`;
  const at = (row, field, value, form = "money", toned = false) => element("span", { class: `num ${toned ? format.tone(value) : ""}`, "data-live": `holdings.${row.key}.${field}`, "data-explain": figureOf(row, field), "data-format": form, "data-tone": toned ? "" : null }, format.text(value, form));

  function fill(id, names, rows, cells) {
    const head = element("tr", {}, ...names.map((name, index) => element("th", { scope: "col", class: index && !["Sector"].includes(name) ? "" : "l" }, name)));
    const body = rows.map((row) => element("tr", {}, element("td", { class: "l" }, row.is_cash ? `Cash, ${row.currency}` : row.symbol), ...cells(row).map((cell) => element("td", { class: typeof cell === "string" && cell ? "l" : "" }, cell))));
    byId(id)?.replaceChildren(element("table", { class: "grid-t" }, element("thead", {}, head), element("tbody", {}, ...body)));
  }

  /* ----------------------------------------------------------- when prices grow old */
  /* The last picture stays, dimmed, with its age; the status light says why. */
  function watchAge() {
    const root = byId("overview-page"), status = window.portolan.live?.status();
    if (!root || !status) return;
    const old = status.state === "stale" || status.state === "down";
    for (const tag of root.querySelectorAll(".stale-tag")) {
      tag.hidden = !old;
      tag.closest(".panel").classList.toggle("is-stale", old);
      if (old) format.setText(tag, status.age === null ? "no feed" : `${status.state === "down" ? "no feed" : "stale"} ${format.age(status.age)}`);
    }
  }

  setInterval(watchAge, 1_000);
  document.addEventListener("portolan:tick", onTick);

  return { page, load };
})();

/* ---------------------------------------------------------- called by Dash */
window.dash_clientside.overview = (() => {
  const { overview, lines } = window.portolan, none = () => window.dash_clientside.no_update;
  let count = 0;

  return {
    /* Ask the server again when the scope, a ledger it shows, or the list of portfolios changed; not for a period. */
    ask(scope, ledger, retry, changed, summary, asked) {
      if (!scope) return none();
      const causes = window.dash_clientside.callback_context.triggered.map((each) => each.prop_id.split(".")[0]);
      const same = asked?.portfolio === scope.portfolio && asked.as_of === scope.as_of && asked.known_at === scope.known_at;
      const news = Object.entries(ledger || {}).some(([id, revision]) => !summary?.revisions || (scope.portfolio === "all" || id === scope.portfolio || id in summary.revisions) && summary.revisions[id] !== revision);
      const only = (...names) => causes.length && causes.every((cause) => names.includes(cause));
      if (same && only("scope")) return none();
      if (same && only("ledger", "scope") && (!summary || !news)) return none();
      return { portfolio: scope.portfolio, as_of: scope.as_of, known_at: scope.known_at, n: (count += 1) };
    },
    askHistory(scope, asked, before) {
      if (!scope || !asked) return none();
      const next = { portfolio: scope.portfolio, period: scope.period, as_of: scope.as_of, known_at: scope.known_at, n: asked.n };
      return JSON.stringify(next) === JSON.stringify(before) ? none() : next;
    },
    summary(data) { overview.load(data); },
    today(data) { lines.loadToday(data, () => overview.page.model); },
    growth(data) { return data ? lines.drawGrowth(data) : none(); },
  };
})();
