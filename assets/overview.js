/* The Overview: treemap, movers and the line of today are drawn here and follow every tick; figures that follow from streamed
   ones (shares, counts, sums) are counted here. Nothing is drawn anew on a tick: texts, widths and tints change in place. */
window.portolan = window.portolan || {};
window.dash_clientside = window.dash_clientside || {};

window.portolan.overview = (() => {
  const { svg, element, put, path, tone, squarify, sized } = window.portolan.draw;
  const format = window.portolan.format;
  const CAP = 0.02, STRONGEST = 46, RANK_PAUSE_MS = 10_000, LAYOUT_PAUSE_MS = 30_000, BUCKET_MS = 60_000, SHOWN_MOVERS = 10;
  const byId = (id) => document.getElementById(id);
  const page = { model: null, tree: null, movers: null, today: null, growthAt: 0 };

  const held = () => page.model.rows.filter((row) => !row.is_cash);
  const sum = (rows, field) => rows.reduce((total, row) => total + (row[field] ?? 0), 0);

  /* ------------------------------------------------------------------ the model */
  function load(data) {
    page.model = data ? { ...data, rows: data.rows.map((row) => ({ ...row })) } : null;
    const state = data && window.portolan.live?.state.portfolios[data.scope];
    if (state) merge(state);
    whenThere(["overview-treemap", "overview-movers"], () => { layTree(); layMovers(); tables(); if (page.model) follow(); if (page.today) drawToday(); });
  }

  /* React puts a page in place a moment after the callback that brought its data. */
  function whenThere(ids, then, tries = 20) {
    if (ids.every(byId)) then();
    else if (tries) requestAnimationFrame(() => whenThere(ids, then, tries - 1));
  }

  function merge(state) {
    page.model.totals = { ...page.model.totals, ...state, holdings: undefined };
    for (const row of page.model.rows) {
      const told = state.holdings?.[row.key];
      if (told) Object.assign(row, { value: told.market_value, day_pnl: told.day_pnl, day_return: told.day_return, total_pnl: told.total_pnl, weight: told.weight, price: told.price, state: told.state ?? row.state });
    }
  }

  function onTick(event) {
    if (!byId("overview-page") || !page.model) return;
    const states = event.detail.state.portfolios;
    ratios(states);
    const state = states[page.model.scope];
    if (!state || state.gone) return;
    merge(state);
    paintTree();
    paintMovers();
    follow();
    growToday(event.detail.ts);
    growGrowth();
  }

  /* ---------------------------------------------------- figures that follow from others */
  function figures() {
    const { totals, rows } = page.model, priced = held(), known = priced.filter((row) => row.value !== null);
    const largest = known.reduce((best, row) => (!best || Math.abs(row.value) > Math.abs(best.value) ? row : best), null);
    const found = {
      on_contributed: totals.net_contributions ? totals.total_pnl / totals.net_contributions : null,
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
    page.movers = { box, at: performance.now(), keys: [], rows: [] };
    box.replaceChildren();
    if (!page.model || !held().length) return;
    page.movers.keys = ranked();
    page.movers.rows = page.movers.keys.map((key) => {
      const parts = { key, bar: element("i"), pnl: element("span", { class: "num" }, ""), day: element("span", { class: "soft num" }, "") };
      box.append(element("div", { class: "spread" }, element("b", {}, key), element("span", { class: "track" }, parts.bar), parts.pnl, parts.day));
      return parts;
    });
    const rest = held().length - page.movers.keys.length;
    page.movers.rest = element("span", { class: "num" }, "");
    const cash = page.model.rows.some((row) => row.is_cash) ? " and cash" : "";
    if (!page.movers.keys.length) box.append(element("p", { class: "nothing" }, "No price has moved today."));
    if (rest > 0 || cash) box.append(element("div", { class: "spread rest" }, element("span", { class: "soft" }, rest > 0 ? `Other ${rest} holding${rest > 1 ? "s" : ""}${cash}` : "Cash"), page.movers.rest, element("span")));
    box.append(element("div", { class: "spread sum" }, element("span", {}, "Day P/L"), live("day_pnl", "signed", "money"), live("day_return", "percent")));
    paintMovers();
  }

  const live = (name, form, toned) => element("span", { class: toned ? `num ${format.tone(page.model.totals[name])}` : "soft num", "data-live": name, "data-format": form, "data-tone": toned ? "" : null }, format.text(page.model.totals[name], form));

  function paintMovers() {
    if (!page.movers?.rows) return;
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

  const at = (row, field, value, form = "money", toned = false) => element("span", { class: `num ${toned ? format.tone(value) : ""}`, "data-live": `holdings.${row.key}.${field}`, "data-format": form, "data-tone": toned ? "" : null }, format.text(value, form));

  function fill(id, names, rows, cells) {
    const head = element("tr", {}, ...names.map((name, index) => element("th", { scope: "col", class: index && !["Sector"].includes(name) ? "" : "l" }, name)));
    const body = rows.map((row) => element("tr", {}, element("td", { class: "l" }, row.is_cash ? `Cash, ${row.currency}` : row.symbol), ...cells(row).map((cell) => element("td", { class: typeof cell === "string" && cell ? "l" : "" }, cell))));
    byId(id)?.replaceChildren(element("table", { class: "grid-t" }, element("thead", {}, head), element("tbody", {}, ...body)));
  }

  /* ----------------------------------------------------------------- the line of today */
  function loadToday(data) {
    whenThere(["overview-today-chart"], () => {
      page.today?.observer?.disconnect();
      const box = byId("overview-today-chart");
      page.today = { scope: data?.scope, points: data?.points || [], box };
      page.today.observer = sized(box, drawToday);
      drawToday();
    });
  }

  function growToday(ts) {
    const today = page.today, value = page.model.totals.value;
    if (!today || today.scope !== page.model.scope || !today.points.length || !ts || value === null) return;
    const last = today.points.at(-1);
    if (ts - last[0] < 0) return;
    if (today.open && ts - today.open < BUCKET_MS) { last[0] = ts; last[1] = value; } else { today.points.push([ts, value]); today.open = ts; }
    drawToday();
  }

  function frameToday() {
    const { box } = page.today, width = box.clientWidth, height = box.clientHeight, key = `${width}x${height}`;
    if (page.today.key === key) return page.today.parts;
    box.replaceChildren();
    const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" }, box), small = width < 480;
    page.today.key = key;
    page.today.parts = { root, width, height, right: small ? 6 : 66, area: svg("path", { "fill-opacity": "var(--fill-alpha)" }, root), base: svg("line", { class: "base-line" }, root),
      label: small ? null : svg("text", { x: width - 60 }, root, "prev. close"), line: svg("path", { fill: "none", class: "today-line" }, root),
      halo: svg("circle", { r: 7, "fill-opacity": 0.2 }, root), dot: svg("circle", { r: 3 }, root), axis: svg("g", {}, root) };
    return page.today.parts;
  }

  function drawToday() {
    const { points } = page.today, totals = page.model?.totals;
    if (!totals || page.model.scope !== page.today.scope || points.length < 2) { page.today.box.replaceChildren(); page.today.key = null; return; }
    const parts = frameToday(), previous = totals.value - totals.day_pnl, bottom = parts.height - 18, top = 8;
    const values = points.map((point) => point[1]), low = Math.min(...values, previous), span = Math.max(...values, previous) - low || 1;
    const first = points[0][0], length = points.at(-1)[0] - first || 1;
    const X = (ts) => 2 + (parts.width - 2 - parts.right - 8) * (ts - first) / length, Y = (value) => top + (bottom - top) * (1 - (value - low) / span);
    const line = path(points.map(([ts, value]) => [X(ts), Y(value)])), y = Math.round(Y(previous)) + 0.5, end = points.at(-1), colour = tone(totals.day_pnl);
    put(parts.line, { d: line, stroke: colour });
    put(parts.area, { d: `${line}L${X(end[0]).toFixed(1)} ${y}L${X(first).toFixed(1)} ${y}Z`, fill: colour });
    put(parts.base, { x1: 2, x2: parts.width - parts.right, y1: y, y2: y });
    if (parts.label) put(parts.label, { y: y + 4 });
    for (const circle of [parts.halo, parts.dot]) put(circle, { cx: X(end[0]).toFixed(1), cy: Y(end[1]).toFixed(1), fill: colour });
    hours(parts, first, first + length, X);
    parts.root.setAttribute("aria-label", `Value today from ${clock(first)} to ${clock(end[0])}: ${format.money(values[0], { decimals: 0 })} to ${format.money(end[1], { decimals: 0 })} ${page.model.currency}`);
  }

  const clock = (ts) => new Date(ts).toLocaleTimeString(format.locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

  /* Whole hours of the reader's day, about 90 px apart; drawn again only when they change. */
  function hours(parts, from, to, X) {
    const step = [0.25, 0.5, 1, 2, 3, 4, 6, 12].find((each) => (to - from) / (each * 3.6e6) * 90 <= parts.width) ?? 24, pitch = step * 3.6e6;
    const offset = new Date(from).getTimezoneOffset() * 60_000, marks = [];
    for (let ts = Math.ceil((from - offset) / pitch) * pitch + offset; ts <= to; ts += pitch) marks.push(ts);
    const key = marks.join();
    if (parts.marks !== key) { parts.marks = key; parts.axis.replaceChildren(...marks.map((ts) => svg("text", { y: parts.height - 3 }, null, clock(ts)))); }
    [...parts.axis.children].forEach((node, index) => { const x = X(marks[index]); put(node, { x: x.toFixed(1), "text-anchor": x < 16 ? "start" : "middle" }); });
  }

  /* ------------------------------------------------------------------- growth */
  const NARROW = matchMedia("(max-width: 720px)");
  let growth = null;

  /* The figure as the server drew it, with the changes for a narrow screen, and instants in the reader's own time. */
  function fitted(data) {
    const figure = structuredClone(data.figure), { layout } = figure, narrow = layout.meta.narrow;
    if (NARROW.matches) {
      Object.assign(layout, { margin: narrow.margin, annotations: narrow.annotations, xaxis: { ...layout.xaxis, ...narrow.xaxis } });
      for (const trace of figure.data) if (trace.mode === "markers+text") trace.mode = "markers";
    }
    if (String(figure.data[0].x[0]).includes("T")) local(figure);
    return figure;
  }

  const ownTime = (text) => { const at = new Date(text); return new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19); };

  function local({ data, layout }) {
    for (const trace of data) trace.x = trace.x.map(ownTime);
    for (const note of layout.annotations) note.x = ownTime(note.x);
    Object.assign(layout.xaxis, { range: layout.xaxis.range.map(ownTime), tickmode: "auto", nticks: NARROW.matches ? 5 : 10, tickformat: "%H:%M", tickvals: null, ticktext: null });
  }

  function drawGrowth(data) {
    growth = data;
    byId("overview-growth-body")?.setAttribute("aria-label", data.label);
    requestAnimationFrame(() => hover(20));
    return fitted(data);
  }

  NARROW.addEventListener("change", () => { if (growth && byId("overview-growth")) window.dash_clientside.set_props("overview-growth", { figure: fitted(growth) }); });

  /* Our own box beside the crosshair: date, own line first, then contributions, then a flow of that day. */
  function hover(tries) {
    const plot = byId("overview-growth")?.querySelector(".js-plotly-plot");
    if (!plot?.on) { if (tries) setTimeout(() => hover(tries - 1), 100); return; }
    if (plot.dataset.hovers) return;
    plot.dataset.hovers = "yes";
    const tip = element("div", { class: "tip", hidden: true });
    plot.parentElement.append(tip);
    plot.on("plotly_hover", (event) => {
      const index = event.points[0].pointIndex, [paid, value] = plot.data, x = value.x[index], flow = index ? paid.y[index] - paid.y[index - 1] : 0;
      const row = (name, text, dot) => element("div", {}, element("span", { class: dot }, name), element("b", {}, text));
      const when = x.includes("T") ? new Date(x).toLocaleTimeString(format.locale, { hour: "2-digit", minute: "2-digit" }) : new Date(`${x}T12:00:00Z`).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
      tip.replaceChildren(element("div", {}, when), row(value.name, format.money(value.y[index]), "own"), row("Contributed", format.money(paid.y[index]), "paid"),
        row("Difference", format.money(value.y[index] - paid.y[index], { signed: true }), ""), ...(Math.abs(flow) >= 0.01 ? [row("Flow", format.money(flow, { signed: true }), "")] : []));
      const left = event.points[0].xaxis.l2p(event.points[0].xaxis.d2l(x)) + plot._fullLayout.margin.l;
      tip.hidden = false;
      tip.style.left = `${left + 12 + tip.offsetWidth > plot.clientWidth ? left - 12 - tip.offsetWidth : left + 12}px`;
    });
    plot.on("plotly_unhover", () => { tip.hidden = true; });
  }

  /* The end of the line is the value of now: its label with every tick, the line itself at most every five seconds. */
  function growGrowth() {
    const plot = byId("overview-growth")?.querySelector(".js-plotly-plot"), value = page.model.totals.value, now = performance.now();
    if (!plot?.data?.[1]?.x?.length || !window.Plotly || growth?.scope !== page.model.scope || value === null) return;
    const note = plot.layout.annotations[0], shown = NARROW.matches ? format.compact(value) : format.money(value, { decimals: 0 });
    const text = note.text.replace(/<b>.*?<\/b>/, `<b>${shown}</b>`), label = plot.querySelector('.annotation[data-index="0"] tspan[style*="bold"]');
    if (now - page.growthAt > 5_000) {
      page.growthAt = now;
      window.Plotly.update(plot, { y: [[...plot.data[1].y.slice(0, -1), value]] }, { "annotations[0].y": value, "annotations[0].text": text }, [1]);
    } else if (label?.firstChild && label.textContent !== shown) {
      format.setText(label, shown);
    }
  }

  document.addEventListener("portolan:tick", onTick);

  return { page, load, loadToday, drawGrowth };
})();

/* ---------------------------------------------------------- called by Dash */
window.dash_clientside.overview = (() => {
  const overview = window.portolan.overview, none = () => window.dash_clientside.no_update;
  let count = 0;

  return {
    /* Ask the server again when the scope, a ledger it shows, or the list of portfolios changed; not for a period. */
    ask(scope, ledger, retry, changed, summary, asked) {
      if (!scope) return none();
      const causes = window.dash_clientside.callback_context.triggered.map((each) => each.prop_id.split(".")[0]);
      const same = asked?.portfolio === scope.portfolio;
      const news = Object.entries(ledger || {}).some(([id, revision]) => !summary?.revisions || (scope.portfolio === "all" || id === scope.portfolio || id in summary.revisions) && summary.revisions[id] !== revision);
      const only = (...names) => causes.length && causes.every((cause) => names.includes(cause));
      if (same && only("scope")) return none();
      if (same && only("ledger", "scope") && (!summary || !news)) return none();
      return { portfolio: scope.portfolio, n: (count += 1) };
    },
    askHistory(scope, asked, before) {
      if (!scope || !asked) return none();
      const next = { portfolio: scope.portfolio, period: scope.period, n: asked.n };
      return JSON.stringify(next) === JSON.stringify(before) ? none() : next;
    },
    summary(data) { overview.load(data); },
    today(data) { overview.loadToday(data); },
    growth(data) { return data ? overview.drawGrowth(data) : none(); },
  };
})();
