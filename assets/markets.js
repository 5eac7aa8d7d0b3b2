/* The Markets page: what the address asks for, the search as one types, presses on lists and forms, and the chart that goes on with the
   stream. Lists, heads and tables are drawn by the server; prices in them are painted by assets/live.js. */
window.portolan = window.portolan || {};
window.dash_clientside = window.dash_clientside || {};

window.portolan.markets = (() => {
  const PAGE = "markets-page", FIELD = "markets-typed-input", RANGES = ["1D", "1W", "1M", "3M", "6M", "YTD", "1Y", "3Y", "5Y", "10Y", "ALL"];
  const TYPING_MS = 200, FEED_MS = 10_000, CANDLE_MS = 3_000, AGAIN_MS = 60_000, HISTORY_MS = 2_000, AT_REST_MS = 8_000, NARROW = matchMedia("(max-width: 720px)");
  const { element } = window.portolan.draw, format = window.portolan.format, shell = () => window.portolan.shell;
  const byId = (id) => document.getElementById(id), find = (selector) => document.querySelector(`#${PAGE} ${selector}`);
  const all = (selector) => document.querySelectorAll(`#${PAGE} ${selector}`), set = (id, props) => window.dash_clientside.set_props(id, props);
  const page = { chart: null, bars: [], hit: -1, focus: null, opens: false, askedTab: "", fedAt: 0, drawnAt: 0, readAt: 0, toldAt: 0, form: "" };
  let count = 0;

  /* ------------------------------------------------------------------------------------------------------------ the address */
  function address() {
    const asked = new URLSearchParams(location.search), range = (asked.get("range") || "").toUpperCase(), tab = asked.get("tab");
    return { symbol: asked.get("symbol") || "", range: RANGES.includes(range) ? range : "1Y", adjusted: asked.get("adjusted") === "0" ? "0" : "1",
      list: asked.get("list") || "", tab: ["providers", "endpoints", "log"].includes(tab) ? tab : "quarantine" };
  }

  const query = (changes) => shell().query(changes);
  const shown = () => address().symbol.toUpperCase() || page.chart?.symbol || "";

  /* What the address says is what the controls show; lists are drawn without knowing which row is open. */
  function mark() {
    if (!byId(PAGE)) return;
    const now = address(), symbol = shown(), select = find("[data-markets-list]");
    if (select) select.value = [...select.options].some((each) => each.value === now.list) ? now.list : "";
    for (const button of all("[data-markets-range]")) button.setAttribute("aria-pressed", button.dataset.marketsRange === now.range);
    const bar = find(".ranges .seg"), pressed = find("[data-markets-range][aria-pressed=true]");
    if (bar.scrollWidth > bar.clientWidth) bar.scrollLeft = pressed.offsetLeft - bar.offsetLeft - bar.clientWidth / 2 + pressed.offsetWidth / 2;
    for (const button of all("[data-markets-tab]")) button.setAttribute("aria-pressed", button.dataset.marketsTab === now.tab);
    for (const row of all(".row-of")) row.setAttribute("aria-current", row.dataset.symbol === symbol);
    const adjusted = find("[data-markets=adjusted]");
    if (adjusted) { adjusted.setAttribute("aria-pressed", now.adjusted === "1"); adjusted.disabled = ["1D", "1W"].includes(now.range); }
    for (const pick of all("select[data-value]")) if (!pick.dataset.set) { pick.value = pick.dataset.value; pick.dataset.set = "yes"; }
  }

  /* ----------------------------------------------------------------------------------------------------------------- search */
  let typing = 0;
  const results = () => byId("markets-results"), hits = () => [...all(".results .hit, .results .blank .ctl")];

  function showResults(on) {
    if (!results() || results().hidden === !on) return;
    results().hidden = !on;
    byId(FIELD)?.setAttribute("aria-expanded", on);
    if (!on) markHit(-1);
  }

  function search() {
    clearTimeout(typing);
    const text = byId(FIELD)?.value.trim() || "";
    if (!text) { showResults(false); return; }
    typing = setTimeout(() => {
      showResults(true);
      set("markets-typed", { data: { text, n: (count += 1) } });
    }, TYPING_MS);
  }

  function markHit(at) {
    const found = hits();
    page.hit = found.length ? Math.max(-1, Math.min(at, found.length - 1)) : -1;
    found.forEach((hit, place) => { hit.id = `markets-hit-${place}`; hit.setAttribute("aria-selected", place === page.hit); });
    found[page.hit]?.scrollIntoView({ block: "nearest" });
    const field = byId(FIELD);
    if (page.hit >= 0) field?.setAttribute("aria-activedescendant", `markets-hit-${page.hit}`);
    else field?.removeAttribute("aria-activedescendant");
  }

  function searchKeys(event) {
    if (event.target.id !== FIELD) return false;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key === "Escape") { showResults(false); return true; }
    if (steps[event.key]) { if (results().hidden) search(); else markHit(page.hit + steps[event.key]); return true; }
    if (event.key === "Enter") { const found = hits(); if (!results().hidden) (found[page.hit] || (found.length === 1 ? found[0] : null))?.click(); return true; }
    return false;
  }

  function leaveSearch() {
    clearTimeout(typing);
    showResults(false);
    const field = byId(FIELD);
    if (field) { window.portolan.draw.setValue(field, ""); clearTimeout(typing); }
  }

  /* ----------------------------------------------------------------------------------------------------------------- presses */
  const act = (action, data = {}) => set("markets-action", { data: { action, ...data, key: shell().key(), n: (count += 1) } });
  const symbolsOf = (source) => (source.dataset.symbols || "").split(",").filter(Boolean);
  const listOf = (source) => ({ list: source.dataset.list, version: Number(source.dataset.version), name: source.dataset.name });
  const chosen = () => find(".watch-rows");

  function change(source, symbols) {
    const { list, version } = listOf(source);
    act("list-change", { list, version, symbols });
  }

  /* The form is emptied first: a field that React keeps would keep what was typed for another instrument. */
  function openForm(action, data) {
    set("markets-form-body", { children: [] });
    set("markets-form-note", { children: [] });
    byId("markets-form-title").textContent = { edit: data.symbol, "endpoint-edit": data.name, "endpoint-new": "New endpoint" }[action] || "New instrument";
    page.opens = true;
    act(action, data);
  }

  function openName(renames) {
    page.form = renames ? "rename" : "new";
    byId("markets-name-title").textContent = renames ? "Rename the watchlist" : "New watchlist";
    shell().open("markets-name");
    const field = byId("markets-name").querySelector("input");
    window.portolan.draw.setValue(field, renames ? chosen().dataset.name : "");
    field.select();
  }

  const offered = ({ dataset }) => ({ symbol: dataset.symbol, provider: dataset.provider, name: dataset.name, currency: dataset.currency, exchange: dataset.exchange, asset_class: dataset.class, isin: dataset.isin });
  const deeds = {
    open: (button) => { leaveSearch(); query({ symbol: button.dataset.symbol }); },
    add: (button) => { const found = offered(button); leaveSearch(); act("add", found); },
    "by-hand": (button) => { const found = offered(button); leaveSearch(); openForm("by-hand", found); },
    edit: (button) => openForm("edit", { symbol: button.dataset.symbol }),
    watch: (button) => (button.dataset.list ? change(button, [...symbolsOf(button), button.dataset.symbol]) : act("list-new", { name: "Watchlist", symbols: [button.dataset.symbol] })),
    unwatch: (button) => change(button, symbolsOf(button).filter((each) => each !== button.dataset.symbol)),
    "list-new": () => openName(false),
    "list-rename": () => openName(true),
    "list-remove": () => act("list-remove", listOf(chosen())),
    "list-back": (button) => act("list-change", { ...listOf(button), symbols: symbolsOf(button) }),
    "list-restore": (button) => act("list-restore", { list: button.dataset.list }),
    release: (button) => { button.disabled = true; act("release", { id: button.dataset.id, symbol: button.dataset.symbol }); },
    reject: (button) => { button.disabled = true; act("reject", { id: button.dataset.id, symbol: button.dataset.symbol }); },
    adjusted: () => query({ adjusted: address().adjusted === "1" ? "0" : null }),
    "endpoint-new": () => openForm("endpoint-new", {}),
    "endpoint-edit": ({ dataset }) => openForm("endpoint-edit", { id: dataset.id, name: dataset.name }),
    "endpoint-remove": ({ dataset }) => act("endpoint-remove", { id: dataset.id, version: dataset.version }),
    "endpoint-restore": ({ dataset }) => act("endpoint-restore", { fields: dataset.fields }),
    "endpoint-try": (button) => act("endpoint-try", { fields: fieldsOf(button.closest("form")) }),
    close: () => act("close"),
  };
  const fieldsOf = (form) => Object.fromEntries([...form.querySelectorAll("input[name], select[name]")].map((each) => [each.name, each.value]));

  function onClick(event) {
    if (!byId(PAGE)) return;
    const at = (selector) => event.target.closest?.(`#${PAGE} ${selector}`), range = at("[data-markets-range]"), tab = at("[data-markets-tab]"), button = at("[data-markets]");
    if (!at(".search-of")) showResults(false);
    if (range) query({ range: range.dataset.marketsRange === "1Y" ? null : range.dataset.marketsRange });
    else if (tab) query({ tab: tab.dataset.marketsTab === "quarantine" ? null : tab.dataset.marketsTab });
    else if (button && !button.disabled) deeds[button.dataset.markets]?.(button);
  }

  function onKey(event) {
    if (!byId(PAGE)) return;
    if (searchKeys(event)) { event.preventDefault(); event.stopPropagation(); return; }
    const row = event.target.closest?.(`#${PAGE} .row-of`), step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!row || !step) return;
    event.preventDefault();
    if (event.altKey) move(row.dataset.symbol, step);
    else { const rows = [...all(".row-of")]; rows[rows.indexOf(row) + step]?.focus(); }
  }

  /* Alt and an arrow: the row changes places with its neighbour, and keeps the focus. */
  function move(symbol, step) {
    const list = chosen(), symbols = symbolsOf(list), from = symbols.indexOf(symbol), to = from + step;
    if (!list.dataset.list || to < 0 || to >= symbols.length) return;
    [symbols[from], symbols[to]] = [symbols[to], symbols[from]];
    page.focus = symbol;
    change(list, symbols);
  }

  function onSubmit(event) {
    const form = event.target.closest?.(`#${PAGE} form`);
    if (!form) return;
    event.preventDefault();
    const fields = fieldsOf(form);
    if (form.dataset.form === "watchlist") named(fields.name.trim());
    else if (form.dataset.form === "endpoint") act("endpoint-save", { id: form.dataset.id, version: form.dataset.version, fields });
    else if (form.dataset.symbol) act("save", { symbol: form.dataset.symbol, version: form.dataset.version, fields });
    else act("create", { fields });
  }

  function named(name) {
    if (!name) return;
    shell().close("markets-name");
    if (page.form === "rename") act("list-change", { ...listOf(chosen()), name });
    else act("list-new", { name });
  }

  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("submit", onSubmit);
  document.addEventListener("input", (event) => { if (event.target.id === FIELD) search(); });
  document.addEventListener("focusin", (event) => { if (byId(PAGE) && results() && !event.target.closest?.(".search-of")) showResults(false); });
  document.addEventListener("change", (event) => { if (event.target.matches?.(`#${PAGE} [data-markets-list]`)) query({ list: event.target.value || null }); });

  /* ------------------------------------------------------------------------------------------------------------------- chart */
  const LETTERS = ["O", "H", "L", "C"], within = () => ["1D", "1W"].includes(page.chart?.range);

  function draw(data) {
    page.chart = data;
    page.bars = data ? data.bars.map((bar) => [...bar]) : [];
    page.readAt = page.drawnAt = performance.now();
    mark();
    watch();
    byId("markets-chart-body")?.setAttribute("aria-label", data?.label || "No chart");
    if (!data?.figure) return window.dash_clientside.no_update;
    requestAnimationFrame(() => hover(30));
    return fitted();
  }

  /* The figure for this screen, with the last candle and the line of the last price as they are now. */
  function fitted() {
    const made = structuredClone(page.chart.figure), last = page.bars.at(-1), { layout } = made;
    if (NARROW.matches) Object.assign(layout.xaxis, layout.meta.narrow.xaxis);
    const known = new Set(layout.xaxis.categoryarray);
    if (!known.has(last[0])) layout.xaxis.categoryarray.push(last[0]);
    for (const [trace, rising] of [[made.data[0], true], [made.data[1], false]]) place(trace, last, (last[4] >= last[1]) === rising);
    if (made.data[5].x.length) close(made.data[5], last);
    Object.assign(layout.shapes[0], { y0: last[4], y1: last[4] });
    Object.assign(layout.annotations[0], { y: last[4], text: format.price(last[4]) });
    const zoomed = byId("markets-chart")?.querySelector(".js-plotly-plot")?._fullLayout;
    layout.uirevision = page.chart.figure.layout.uirevision;
    if (zoomed && page.zoom?.revision === layout.uirevision) layout.yaxis.range = page.zoom.range;
    return made;
  }

  /* The last candle belongs to one of the two traces: out of both, then into its own. */
  function place(trace, [at, open, high, low, close], belongs) {
    const before = trace.x.indexOf(at), names = ["x", "open", "high", "low", "close"];
    if (before >= 0) for (const name of names) trace[name].splice(before, 1);
    if (belongs) [at, open, high, low, close].forEach((value, index) => trace[names[index]].push(value));
  }

  function close(line, [at, , , , price]) {
    if (line.x.at(-1) === at) line.y[line.y.length - 1] = price;
    else { line.x.push(at); line.y.push(price); }
  }

  const two = (value) => String(value).padStart(2, "0");
  const dayOf = (at) => `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`;

  /* Where a price of this instant belongs: to the candle of its minutes, or of its day; a week or a month goes on with its last one. */
  function placeOf(ts) {
    const at = new Date(ts), last = page.bars.at(-1)[0];
    if (within()) {
      const width = page.chart.range === "1D" ? 5 : 30, minute = at.getUTCHours() * 60 + at.getUTCMinutes(), first = minute - (minute % width);
      return `${dayOf(at)} ${two(Math.floor(first / 60))}:${two(first % 60)}`;
    }
    return page.chart.every === "day" ? dayOf(at) : last;
  }

  /* The stream's price moves the last candle; an older one moves nothing. */
  function follow(quote) {
    if (!page.bars.length || !quote?.price || !quote.ts || !quote.received) return;
    const at = placeOf(quote.ts), last = page.bars.at(-1), price = quote.price;
    if (at < last[0]) return;
    if (at > last[0]) page.bars.push([at, price, price, price, price, null, null]);
    else Object.assign(last, { 2: Math.max(last[2], price), 3: Math.min(last[3], price), 4: price });
    page.moved = true;
  }

  /* At most every few seconds, and not under a reader's crosshair or hand. */
  function redraw() {
    const body = byId("markets-chart-body"), now = performance.now();
    if (!page.moved || !page.chart?.figure || now - page.drawnAt < CANDLE_MS || body?.matches(":hover") || document.hidden) return;
    page.moved = false;
    page.drawnAt = now;
    set("markets-chart", { figure: fitted() });
  }

  NARROW.addEventListener("change", () => { if (page.chart?.figure && byId("markets-chart")) set("markets-chart", { figure: fitted() }); });

  /* Our own box beside the crosshair: when, open, high, low, close, volume, and what happened that day. */
  function hover(tries) {
    const plot = byId("markets-chart")?.querySelector(".js-plotly-plot");
    if (!plot?.on) { if (tries) setTimeout(() => hover(tries - 1), 100); return; }
    if (plot.dataset.hovers) return;
    plot.dataset.hovers = "yes";
    const tip = element("div", { class: "tip candle-tip", hidden: true });
    plot.parentElement.append(tip);
    plot.on("plotly_hover", (event) => { showTip(plot, tip, String(event.points[0].x)); });
    plot.on("plotly_unhover", () => { tip.hidden = true; });
    plot.on("plotly_relayout", (change) => zoom(plot, change));
  }

  function showTip(plot, tip, at) {
    const bar = page.bars.find((each) => each[0] === at), axis = plot._fullLayout.xaxis, index = axis._categories.indexOf(at);
    if (!bar || index < 0) return;
    const row = (name, text) => element("div", {}, element("span", {}, name), element("b", {}, text));
    const rows = LETTERS.map((letter, place) => row(letter, format.price(bar[place + 1]))), marks = plot.data[4];
    if (bar[5]) rows.push(row("V", format.compact(bar[5])));
    const told = marks.x.map((x, place) => (x === at ? marks.customdata[place] : null)).filter(Boolean).map((text) => element("div", { class: "told" }, text));
    if (bar[6]) told.push(element("div", { class: "told" }, bar[6]));
    tip.replaceChildren(element("div", {}, within() ? `${at} UTC` : at), ...rows, ...told);
    tip.hidden = false;
    const left = axis.l2p(index) + plot._fullLayout.margin.l;
    tip.style.left = `${left + 12 + tip.offsetWidth > plot.clientWidth ? Math.max(0, left - 12 - tip.offsetWidth) : left + 12}px`;
  }

  /* A part of the range fills the height; the whole of it again gets the whole height. */
  function zoom(plot, change) {
    const revision = page.chart?.figure?.layout.uirevision, from = change["xaxis.range[0]"];
    if (change["xaxis.autorange"]) { page.zoom = null; window.Plotly.relayout(plot, { "yaxis.autorange": true }); return; }
    if (from === undefined) return;
    const names = plot._fullLayout.xaxis._categories, seen = page.bars.filter(([at]) => { const place = names.indexOf(at); return place >= from && place <= change["xaxis.range[1]"]; });
    if (!seen.length) return;
    const low = Math.min(...seen.map((bar) => bar[3])), high = Math.max(...seen.map((bar) => bar[2])), pad = (high - low) * 0.06 || high * 0.01;
    page.zoom = { revision, range: [low - pad, high + pad] };
    window.Plotly.relayout(plot, { "yaxis.range": page.zoom.range });
  }

  /* ------------------------------------------------------------------------------------------------------ while the market moves */
  function watch() {
    const here = byId(PAGE), symbols = here ? [...new Set([...[...all(".row-of")].map((row) => row.dataset.symbol), shown()].filter(Boolean))] : null;
    const asked = symbols?.join() ?? null;
    if (asked === page.watches) return;
    page.watches = asked;
    window.portolan.live.watch("markets", symbols && { symbols });
  }

  const quoteOf = (symbol) => window.portolan.live?.state.quotes[symbol];

  function paint() {
    if (!byId(PAGE)) return;
    for (const each of all("[data-change]")) paintChange(each, quoteOf(each.dataset.change));
    for (const each of all("[data-mark]")) paintMark(each, quoteOf(each.dataset.mark));
    paintFacts(quoteOf(shown()));
  }

  function paintChange(each, quote) {
    const before = Number(each.dataset.previous);
    if (!quote?.price || !before) return;
    const change = each.dataset.kind === "amount" ? quote.price - before : quote.price / before - 1;
    format.setText(each, each.dataset.kind === "amount" ? format.money(change, { signed: true }) : format.percent(change));
    format.setTone(each, change, each.dataset.kind === "amount" ? 2 : 4);
  }

  const ageOf = (quote) => Math.max(0, (window.portolan.live.now() - quote.ts) / 1000);

  function paintMark(each, quote) {
    if (!quote?.state) return;
    if (each.dataset.state !== quote.state) each.dataset.state = quote.state;
    each.title = `${quote.state}, ${quote.ts ? format.age(ageOf(quote)) : format.UNKNOWN}${quote.source ? `, ${quote.source}` : ""}`;
  }

  /* The panel tells the price that is painted: its state, where it is from, of when it is, when it came. A day's close is told by the server. */
  function paintFacts(quote) {
    const part = (name) => find(`[data-fact=${name}]`), tag = find(".price-panel .stale-tag");
    if (!quote || !part("state")) { if (tag) tag.hidden = true; return; }
    const mark = part("state").querySelector(".age");
    if (mark.dataset.state !== quote.state) mark.dataset.state = quote.state;
    format.setText(part("state").lastElementChild, quote.state);
    if (quote.ts) format.setText(part("age"), format.age(ageOf(quote)));
    if (quote.received) {
      format.setText(part("source"), quote.source || format.UNKNOWN);
      format.setText(part("ts"), format.instant(quote.ts));
      format.setText(part("received"), format.instant(quote.received));
    }
    const old = quote.state === "stale";
    tag.hidden = !old;
    tag.closest(".panel").classList.toggle("is-stale", old);
    if (old) format.setText(tag, `stale ${format.age(ageOf(quote))}`);
  }

  document.addEventListener("portolan:tick", ({ detail }) => {
    if (!byId(PAGE)) return;
    if (detail.changed.symbols.includes(page.chart?.symbol)) follow(quoteOf(page.chart.symbol));
    paint();
  });

  /* ----------------------------------------------------------------------------------------------------------- the lower half */
  function feed(soon) {
    const tab = address().tab, now = performance.now(), busy = find(".feed-panel button[data-markets]:hover, .feed-panel button[data-markets]:focus");
    const due = tab !== page.askedTab || soon || (now - page.fedAt > FEED_MS && !document.hidden && !busy);
    if (!due) return;
    page.askedTab = tab;
    page.fedAt = now;
    set("markets-tab", { data: { tab, n: (count += 1) } });
  }

  /* A history that is being fetched is asked for every two seconds; the chart is read again when there is more of it. */
  async function history() {
    const line = find("[data-history]"), now = performance.now();
    if (!line || document.hidden || page.asking || now - page.toldAt < HISTORY_MS) return;
    page.asking = true;
    page.toldAt = now;
    try {
      const answer = await fetch(`/api/v1/instruments/${encodeURIComponent(line.dataset.history)}/history`);
      if (answer.ok) progressed(line, await answer.json());
    } catch { /* the line is down: the next second asks again */ } finally { page.asking = false; }
  }

  function progressed(line, run) {
    if (run.state !== "waiting" && run.state !== "running") { page.toldAt = performance.now() + AT_REST_MS; again(); return; }
    const bar = line.querySelector("progress");
    if (run.of) { bar.max = run.of; bar.value = run.done; format.setText(line.querySelector(".dim"), `${format.number(run.done, { decimals: 0 })} of ${format.number(run.of, { decimals: 0 })} days from ${run.provider}`); }
    if (run.bars && !page.bars.length) again();
  }

  const again = () => set("markets-retry", { data: Date.now() });

  function beat() {
    watch();
    if (!byId(PAGE)) { page.askedTab = ""; return; }
    if (window.dash_clientside.set_props) feed(false);
    paint();
    redraw();
    history();
    if (within() && performance.now() - page.readAt > AGAIN_MS && !document.hidden && !byId("markets-chart-body")?.matches(":hover")) { page.readAt = performance.now(); again(); }
  }

  setInterval(beat, 1_000);

  /* -------------------------------------------------------------------------------------------------------- after the server */
  function drawn() {
    requestAnimationFrame(() => {
      if (!byId(PAGE)) return;
      mark();
      markHit(page.hit >= 0 ? 0 : -1); // who goes by keys stays on a hit
      watch();
      paint();
      if (page.opens && find("#markets-form form")) { page.opens = false; shell().open("markets-form"); mark(); }
      if (page.focus) { const row = [...all(".row-of")].find((each) => each.dataset.symbol === page.focus); page.focus = null; row?.focus(); }
    });
  }

  function done(result) {
    if (!result) return;
    if (["release", "reject", "endpoint-save", "endpoint-remove", "endpoint-restore"].includes(result.action)) feed(true);
    if (!result.ok || ["edit", "by-hand", "endpoint-new", "endpoint-edit"].includes(result.action)) { if (!result.ok) page.opens = false; return; }
    if (["save", "create", "endpoint-save"].includes(result.action)) shell().close("markets-form");
    const changes = {};
    if ("symbol" in result) changes.symbol = result.symbol;
    if ("list" in result) changes.list = result.list;
    if (Object.keys(changes).length) query(changes);
  }

  return { page, address, mark, draw, drawn, done, feed };
})();

/* ---------------------------------------------------------------------------------------------------------------- called by Dash */
window.dash_clientside.markets = (() => {
  const { markets } = window.portolan, none = () => window.dash_clientside.no_update;
  const news = (next, before) => (before && JSON.stringify(next) === JSON.stringify(before) ? none() : next);
  const quiet = ["edit", "by-hand", "endpoint-new", "endpoint-edit", "endpoint-try", "endpoint-save", "endpoint-remove", "endpoint-restore"];

  return {
    query(_search, retry, result, before, listed) {
      if (location.pathname !== "/markets") return [none(), none()];
      const { symbol, range, adjusted, list } = markets.address();
      const done = result?.ok && !quiet.includes(result.action) ? result.at : before?.done ?? null;
      requestAnimationFrame(() => { markets.mark(); markets.feed(false); });
      return [news({ symbol, range, adjusted, list, retry: retry ?? null, done }, before), news({ list, retry: retry ?? null, done }, listed)];
    },
    chart(data) { return markets.draw(data); },
    drawn() { markets.drawn(); },
    done(result) { markets.done(result); },
  };
})();
