/* The Realised gains page: matched lots from the server, grouped by instrument; groups, totals, figures and bars are sums of whole cents. */
window.portolan.gains = (() => {
  const GRID = "gains-grid", PAGE = "gains-page";
  const kit = window.portolan.grid, format = window.portolan.format, { svg, element, sized, whenThere } = window.portolan.draw;
  const LEAST = ["charges", "days_held", "fx_gain", "cost", "proceeds", "opened", "term"], PHONE = ["lot", "gain"];
  const RULES = { same_day: "Same day", thirty_day: "30 days", section_104: "Section 104", later: "Later purchase", capital_distribution: "Returned capital" };
  const TERMS = { short: "Short", long: "Long", pooled: "Pool" };
  const METHODS = { fifo: "first in, first out", lifo: "last in, first out", hifo: "highest cost first", lofo: "lowest cost first", average: "average cost",
    specific: "the lots named in each sale", mixed: "each portfolio's own method" };
  const MONEY = ["gain", "proceeds", "charges", "fx_gain", "disallowed", "carried_cost"], MONTHS_AT_MOST = 24, OPEN_AT_MOST = 12;
  const page = { api: null, payload: null, leaves: [], groups: new Map(), total: null, open: new Set(), choice: {}, decimals: 0, observer: null };
  const byPart = (name) => document.querySelector(`#${PAGE} [data-part=${name}]`);
  const money = (value, signed = false) => (value === null || value === undefined ? format.UNKNOWN : format.money(value / 100, { signed }));
  const tone = (value) => (value > 0 ? "gain" : value < 0 ? "loss" : "flat");
  const sum = (rows, name) => rows.reduce((total, row) => total + (row[name] ?? 0), 0);

  /* ------------------------------------------------------------------------------------------------------------ what is asked */
  /* The page was drawn anew where nothing was asked before: then the address says what is chosen. */
  function query(scope, choice, retry, ledger, before) {
    if (!scope) return window.dash_clientside.no_update;
    if (!before) {
      const address = new URLSearchParams(location.search), read = (name) => address.get(name) || "";
      page.choice = { rules: read("rules"), method: read("method"), year: read("year"), tax_year: read("tax_year") };
      whenThere([PAGE], press);
    }
    const asked = { scope: scope.portfolio, period: scope.period, as_of: scope.as_of, known_at: scope.known_at, ...page.choice, retry, ledger: before?.ledger ?? null };
    if (before?.scope === scope.portfolio && page.payload?.scope === scope.portfolio) asked.ledger = kit.moved(scope.portfolio, ledger, page.payload.revisions) ?? asked.ledger;
    return JSON.stringify(asked) === JSON.stringify(before) ? window.dash_clientside.no_update : asked;
  }

  const startsIn = () => page.choice.tax_year || (page.choice.rules === "uk" ? "uk" : "calendar");

  function choose(changes) {
    if (changes.rules !== undefined || changes.tax_year !== undefined) changes.year = page.choice.year === "all" ? "all" : "";
    page.choice = { ...page.choice, ...changes };
    press();
    window.portolan.shell?.query?.({ rules: page.choice.rules, method: page.choice.method, year: page.choice.year, tax_year: page.choice.tax_year });
    kit.setStore("gains-choice", { ...page.choice });
  }

  function press() {
    const { rules, method } = page.choice, pressed = (name, value) => document.querySelectorAll(`#${PAGE} [data-${name}]`).forEach((button) => button.setAttribute("aria-pressed", String(button.getAttribute(`data-${name}`) === value)));
    pressed("rules", rules || "none");
    pressed("tax-year", startsIn());
    const select = document.querySelector(`#${PAGE} select[name=method]`);
    if (select) { select.disabled = rules === "uk"; select.value = rules === "uk" ? "" : method; }
    years();
  }

  /* The years in which something was realised, and one that the address names. */
  function years() {
    const select = document.querySelector(`#${PAGE} select[name=year]`), chosen = page.choice.year || "";
    if (!select) return;
    const known = [...new Set([...(page.payload?.years || []), ...(chosen && chosen !== "all" ? [chosen] : [])])].sort().reverse(), key = known.join();
    if (select.dataset.key !== key) {
      select.dataset.key = key;
      while (select.options.length > 2) select.remove(2);
      for (const year of known) select.add(new Option(year, year));
    }
    select.value = chosen;
  }

  /* ------------------------------------------------------------------------------------------------- what comes from the server */
  async function load(payload) {
    if (!payload) return window.dash_clientside.no_update;
    const api = await kit.ready(GRID, PAGE);
    if (!api) return window.dash_clientside.no_update;
    if (api !== page.api) attach(api);
    const kept = payload.error && page.payload?.rows && page.payload.scope === payload.scope && page.payload.past === payload.past;
    kit.mark(document.getElementById(PAGE), "state", payload.error ? (kept ? "kept" : "error") : payload.rows.length ? "full" : "empty");
    if (payload.error) for (const place of document.querySelectorAll(`#${PAGE} [data-part=reason]`)) kit.write(place, payload.error);
    else { page.payload = payload; show(); }
    return window.dash_clientside.no_update;
  }

  function leaf(raw) {
    const row = { ...raw, type: "leaf", group: raw.symbol };
    for (const name of MONEY) row[name] = kit.cents(raw[name]);
    row.cost = row.proceeds === null || row.gain === null ? null : row.proceeds - row.gain;
    row.adjusted_gain = row.gain === null ? null : row.gain - row.carried_cost + row.disallowed;
    return row;
  }

  function summary(rows) {
    return Object.fromEntries(["gain", "proceeds", "cost", "charges", "fx_gain", "disallowed", "adjusted_gain"].map((name) => [name, sum(rows, name)]));
  }

  function show() {
    const rows = page.payload.rows.map(leaf), symbols = new Map();
    page.leaves = rows;
    for (const row of rows) { if (!symbols.has(row.symbol)) symbols.set(row.symbol, []); symbols.get(row.symbol).push(row); }
    page.groups = new Map([...symbols].map(([symbol, lots]) => [symbol, { id: `group:${symbol}`, type: "group", group: symbol, symbol, name: lots[0].name, count: lots.length,
      closed: lots.map((lot) => lot.closed).sort().at(-1), washed: lots.some((lot) => lot.washed), ...summary(lots) }]));
    page.total = { id: "total", type: "total", name: "Total", count: rows.length, ...summary(rows) };
    page.decimals = Math.min(4, Math.max(0, ...rows.map((row) => (String(row.quantity).split(".")[1] || "").length)));
    if (page.shown !== page.payload.scope + page.payload.window) { page.shown = page.payload.scope + page.payload.window; page.open = new Set(rows.length <= OPEN_AT_MOST || symbols.size === 1 ? symbols.keys() : []); }
    page.api.setGridOption("rowData", [...page.groups.values(), ...rows]);
    page.api.setGridOption("pinnedBottomRowData", [page.total]);
    page.api.onFilterChanged();
    resize();
    figures();
    notes();
    years();
    bars();
  }

  /* ------------------------------------------------------------------------------------------------------- figures and notes */
  function figure(name, label, value, sub, { coloured = true, of = `gains.${name}` } = {}) {
    const card = document.querySelector(`#${PAGE} [data-figure=${name}]`);
    if (!card) return;
    const shown = card.querySelector("[data-part=value]");
    kit.write(card.querySelector("[data-part=label]"), label);
    kit.write(shown, money(value, coloured));
    kit.dress(shown, coloured ? tone(value) : "");
    if (of) shown.dataset.explain = of; else delete shown.dataset.explain;
    kit.words(card.querySelector("[data-part=sub]"), sub);
    card.querySelector("[data-part=sub]").title = card.querySelector("[data-part=sub]").textContent;
  }

  const count = (rows, word) => `${rows.length} ${word}${rows.length === 1 ? "" : "s"}`;

  function figures() {
    const rows = page.leaves, base = page.payload.base_currency, of = (test) => rows.filter(test), total = page.total, us = page.payload.rules === "us", uk = page.payload.rules === "uk";
    const up = of((row) => row.gain > 0), down = of((row) => row.gain < 0), fx = total.fx_gain;
    figure("net", `Net ${base}`, total.gain, us ? [[money(total.adjusted_gain, true), "gains.adjusted"], " after wash sales"] : fx ? [[money(fx, true), "gains.fx_gain"], " of it by currency"] : [count(rows, "lot")]);
    figure("gains", "Gains", sum(up, "gain"), [count(up, "lot")]);
    figure("losses", "Losses", sum(down, "gain"), us && total.disallowed ? [[money(total.disallowed), "gains.disallowed"], " deferred"] : [count(down, "lot")]);
    const [first, second] = uk ? [of((row) => row.rule !== "section_104"), of((row) => row.rule === "section_104")] : [of((row) => row.term === "short"), of((row) => row.term === "long")];
    figure("short", uk ? "Same day, 30 days" : "Short term", sum(first, "gain"), [count(first, "lot")], uk ? { of: byRule(first) } : {});
    figure("long", uk ? "Section 104" : "Long term", sum(second, "gain"), [count(second, "lot")], uk ? { of: byRule(second) } : {});
    const cents = (name) => kit.cents(page.payload[name]) ?? 0;
    figure("income", "Income", cents("income"), ["dividends and interest, gross"]);
    figure("fees", "Fees and taxes", cents("fees") + cents("taxes"), ["fees ", [money(cents("fees")), "gains.fees"], ", taxes ", [money(cents("taxes")), "gains.taxes"]], { coloured: false, of: "gains.paid" });
  }

  /* What several rules matched, summed. */
  const byRule = (rows) => (rows.length ? `gains.net:${[...new Set(rows.map((row) => `rule:${row.rule || ""}`))].join(",")}` : null);

  function notes() {
    const { window: span, base_currency: base, findings, cost_method: method, rules } = page.payload, more = findings.length - 1, washed = page.leaves.filter((row) => row.washed);
    kit.write(byPart("when"), `${base}, ${span}`);
    byPart("findings").hidden = !findings.length;
    kit.write(byPart("finding"), findings[0] || "");
    kit.write(byPart("finding-more"), more > 0 ? ` And ${more} more.` : "");
    byPart("wash").hidden = !washed.length;
    kit.write(byPart("washed"), `${money(sum(washed, "disallowed"))} ${base} of losses ${washed.length === 1 ? "is" : "are"} deferred: the same was bought within 30 days.`);
    kit.write(byPart("convention"), rules === "uk" ? "Same day first, then the 30 days after the sale, then the section 104 holding, over all accounts, in pounds at the rate of each day. Fees and taxes are in cost and proceeds."
      : `Lots by ${METHODS[method] || method}. Fees and taxes are in cost and proceeds; amounts are at the rate of their own day.${rules === "us" ? " Long: sold more than one year after the day of purchase." : ""}`);
  }

  /* ------------------------------------------------------------------------------------------------------------------ bars */
  const MONTH = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const nameOf = (key) => (/^\d{4}-\d{2}$/.test(key) ? `${MONTH[Number(key.slice(5)) - 1]} ${key.slice(0, 4)}` : key);

  /* One bucket a month while they fit, else one a tax year; months without a sale are there too. */
  function buckets() {
    const rows = page.leaves, days = rows.map((row) => row.closed).sort(), months = days.length ? monthsBetween(page.payload.start || days[0], page.payload.end || days.at(-1)) : [];
    const monthly = months.length && months.length <= MONTHS_AT_MOST, keys = monthly ? months : yearsBetween(rows.map((row) => row.year).sort());
    return keys.map((key) => {
      const own = rows.filter((row) => (monthly ? row.closed.startsWith(key) : row.year === key));
      return { key, name: nameOf(key), monthly, gains: sum(own.filter((row) => row.gain > 0), "gain"), losses: sum(own.filter((row) => row.gain < 0), "gain"), net: sum(own, "gain"), count: own.length };
    });
  }

  /* "2018/19" to "2020/21": the years between, also those without a sale. */
  function yearsBetween(known) {
    const first = Number(known[0]?.slice(0, 4)), count = known.length ? Number(known.at(-1).slice(0, 4)) - first + 1 : 0;
    return Array.from({ length: count }, (_, index) => (known[0].includes("/") ? `${first + index}/${String((first + index + 1) % 100).padStart(2, "0")}` : String(first + index)));
  }

  function monthsBetween(first, last) {
    const out = [], end = last.slice(0, 7);
    for (let [year, month] = first.split("-").map(Number); ; month += 1) {
      if (month > 12) { month = 1; year += 1; }
      const key = `${year}-${String(month).padStart(2, "0")}`;
      out.push(key);
      if (key >= end || out.length > 400) return out;
    }
  }

  function bars() {
    const made = buckets(), box = document.getElementById("gains-chart");
    kit.write(byPart("chart-note"), `${page.payload.base_currency}, by ${made[0]?.monthly ? "month" : startsIn() === "uk" ? "tax year from 6 April" : "year"} of the sale`);
    table(made);
    page.observer?.disconnect();
    if (box) page.observer = sized(box, (width, height) => drawBars(box, made, width, height));
  }

  function table(made) {
    const place = document.getElementById("gains-chart-table");
    if (!place) return;
    const of = (each, name) => (each.key ? `gains.${name}:${each.monthly ? "month" : "year"}:${each.key}` : `gains.${name}`), asked = (each, name) => (each.count ? { "data-explain": of(each, name) } : {});
    const cell = (each, name) => element("td", { class: tone(each[name]) }, element("span", asked(each, name), money(each[name], true)));
    const row = (each) => element("tr", {}, element("td", { class: "l" }, each.name), element("td", {}, element("span", asked(each, "count"), String(each.count))), cell(each, "gains"), cell(each, "losses"), cell(each, "net"));
    const head = element("tr", {}, ...["", "Lots", "Gains", "Losses", "Net"].map((text, index) => element("th", { class: index ? null : "l" }, text)));
    const all = { name: "Total", count: made.reduce((total, each) => total + each.count, 0), gains: sum(made, "gains"), losses: sum(made, "losses"), net: sum(made, "net") };
    place.replaceChildren(element("table", { class: "grid-t" }, element("thead", {}, head), element("tbody", {}, ...made.map(row)), element("tfoot", {}, row(all))));
  }

  function ticks(low, high) {
    const rough = (high - low) / 4 || 1, scale = 10 ** Math.floor(Math.log10(rough)), step = [1, 2, 5, 10].map((each) => each * scale).find((each) => each >= rough);
    const out = [];
    for (let value = Math.ceil(low / step) * step; value <= high; value += step) out.push(value);
    return out;
  }

  function drawBars(box, made, width, height) {
    box.replaceChildren();
    if (!made.length) return;
    const left = 52, bottom = height - 22, top = 8, low = Math.min(0, ...made.map((each) => each.losses)), high = Math.max(0, ...made.map((each) => each.gains)), span = (high - low) * 1.04 || 1;
    const Y = (value) => top + (bottom - top) * (1 - (value - low + (low ? span * 0.02 : 0)) / span), band = (width - left) / made.length, thick = Math.max(3, Math.min(46, band * 0.56));
    const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": spoken(made) }, box), every = Math.ceil(made.length * (made[0].monthly ? 62 : 56) / (width - left));
    for (const value of ticks(low, high)) {
      svg("line", { class: value ? "grid" : "zero", x1: left, x2: width, y1: Math.round(Y(value)) + 0.5, y2: Math.round(Y(value)) + 0.5 }, root);
      svg("text", { x: left - 8, y: Y(value) + 4, "text-anchor": "end" }, root, format.compact(value / 100));
    }
    const tip = element("div", { class: "tip", hidden: true });
    made.forEach((each, index) => {
      const middle = left + band * (index + 0.5), group = svg("g", { class: "bar-of", tabindex: "-1" }, root);
      svg("rect", { class: "hit-area", x: left + band * index, y: top, width: band, height: bottom - top }, group);
      if (each.gains) svg("rect", { class: "up", x: middle - thick / 2, y: Y(each.gains), width: thick, height: Math.max(1, Y(0) - Y(each.gains)) }, group);
      if (each.losses) svg("rect", { class: "down", x: middle - thick / 2, y: Y(0), width: thick, height: Math.max(1, Y(each.losses) - Y(0)) }, group);
      if (each.count) svg("line", { class: "net", x1: middle - thick / 2 - 3, x2: middle + thick / 2 + 3, y1: Y(each.net), y2: Y(each.net) }, group);
      if (index % every === 0) svg("text", { x: middle, y: height - 5, "text-anchor": "middle" }, root, each.monthly ? (each.key.endsWith("-01") || !index ? each.name : each.name.slice(0, 3)) : each.name);
      group.addEventListener("pointerenter", () => point(tip, each, middle, width));
      group.addEventListener("pointerleave", () => { tip.hidden = true; });
    });
    box.append(tip);
  }

  function point(tip, each, middle, width) {
    const row = (name, value) => element("div", {}, element("span", {}, name), element("b", { class: tone(value) }, money(value, true)));
    tip.replaceChildren(element("div", {}, `${each.name}, ${each.count} lot${each.count === 1 ? "" : "s"}`), row("Gains", each.gains), row("Losses", each.losses), row("Net", each.net));
    tip.hidden = false;
    tip.style.left = `${middle + 24 + tip.offsetWidth > width ? middle - 24 - tip.offsetWidth : middle + 24}px`;
  }

  function spoken(made) {
    return `Gains and losses ${made[0].monthly ? "by month" : "by year"}, ${made[0].name} to ${made.at(-1).name}: net ${money(sum(made, "net"), true)} ${page.payload.base_currency}`;
  }

  /* ------------------------------------------------------------------------------------------------------------------ grid */
  function attach(api) {
    Object.assign(page, { api, payload: null, leaves: [], groups: new Map(), open: new Set(), shown: null });
    api.addEventListener("cellClicked", ({ data }) => { if (data?.type === "group") toggle(data.group); });
    api.addEventListener("cellKeyDown", ({ data, event }) => key(data, event));
    api.addEventListener("gridSizeChanged", resize);
  }

  function key(row, event) {
    if (row?.type !== "group" || !event) return;
    const shut = !page.open.has(row.group);
    if (event.key === "Enter" || event.key === " " || (event.key === "ArrowRight" && shut) || (event.key === "ArrowLeft" && !shut)) { event.preventDefault(); toggle(row.group); }
  }

  function toggle(name) {
    if (!page.open.delete(name)) page.open.add(name);
    page.api.onFilterChanged();
    kit.redraw(page.api, [`group:${name}`]);
    resize();
  }

  const passes = ({ data }) => data.type === "group" || page.open.has(data.group);

  /* The grid sorts all rows by a column; we put every instrument's lots under it. */
  function order({ nodes }) {
    const lots = new Map();
    for (const node of nodes) if (node.data.type === "leaf") { if (!lots.has(node.data.group)) lots.set(node.data.group, []); lots.get(node.data.group).push(node); }
    const placed = nodes.filter((node) => node.data.type === "group").flatMap((group) => [group, ...(lots.get(group.data.group) || [])]);
    nodes.splice(0, nodes.length, ...placed);
  }

  const rowHeight = ({ data, node }) => (node.rowPinned ? 36 : kit.NARROW_SCREEN.matches ? (data.type === "group" ? 44 : 52) : data.type === "group" ? 30 : 32);

  function resize() {
    const api = page.api, frame = document.getElementById(GRID);
    if (!api || api.isDestroyed() || !frame || !page.payload) return;
    let height = 0;
    api.forEachNodeAfterFilterAndSort((node) => { height += rowHeight({ data: node.data, node }); });
    frame.style.setProperty("--content", `${height + 30 + 36 + 3}px`);
    const { rules } = page.payload, hidden = [...(rules === "uk" ? ["term", "days_held"] : ["rule"]), ...(rules === "us" ? [] : ["adjusted_gain"]), ...(sumOfFx() ? [] : ["fx_gain"])];
    if (frame.clientWidth) kit.fitColumns(api, frame.clientWidth, { least: LEAST, phone: PHONE, hidden });
  }

  const sumOfFx = () => page.leaves.some((row) => row.fx_gain);

  kit.NARROW_SCREEN.addEventListener("change", () => { if (page.api && !page.api.isDestroyed()) { page.api.resetRowHeights(); resize(); } });

  const isLeaf = (row) => row.type === "leaf";

  const lot = kit.cell((parent, row) => {
    if (isLeaf(row)) { const frame = kit.add(parent, "div", "inst lot"); return { date: kit.add(frame, "em"), where: kit.add(frame, "span"), tag: kit.add(parent, "span", "tag warn"), under: kit.add(parent, "span", "under dim") }; }
    return { parent, twist: row.type === "group" ? kit.add(parent, "span", "twist") : null, symbol: kit.add(parent, "b"), name: kit.add(parent, "span", "dim") };
  }, (parts, row) => {
    if (parts.date) {
      const where = [page.payload.many ? row.portfolio_name : "", row.account || ""].filter(Boolean).join(", "), what = row.quantity < 0 ? "covered a short" : row.kind === "SELL" ? "" : row.kind.toLowerCase().replaceAll("_", " ");
      kit.write(parts.date, kit.date(row.closed));
      kit.write(parts.where, [what, where].filter(Boolean).join(" · "));
      parts.tag.hidden = !row.washed;
      kit.write(parts.tag, "wash sale");
      parts.tag.title = row.washed ? `${money(row.disallowed)} deferred: bought again on ${kit.date(row.replaced_on)}; the cost of that lot grows by it` : "";
      kit.write(parts.under, [`${format.quantity(row.quantity)} of ${row.opened ? kit.date(row.opened) : "the pool"}`, row.rule ? RULES[row.rule] : TERMS[row.term]].join(" · "));
      return;
    }
    const shut = !page.open.has(row.group), lots = `${row.count} lot${row.count === 1 ? "" : "s"}`;
    kit.write(parts.symbol, row.type === "total" ? "Total" : row.symbol);
    kit.write(parts.name, row.type === "total" ? ` ${lots}` : ` ${row.name}, ${lots}${row.washed && page.payload.rules === "us" ? ", wash sale" : ""}`);
    if (parts.twist) { parts.twist.classList.toggle("shut", shut); parts.parent.setAttribute("role", "button"); parts.parent.setAttribute("aria-expanded", String(!shut)); }
  });

  const text = (read, look = "soft") => kit.cell((parent) => ({ text: kit.add(parent, "span", look) }), (parts, row) => { kit.write(parts.text, isLeaf(row) ? read(row) : ""); });
  const units = kit.cell((parent) => kit.ghostly(parent), (parts, row) => {
    if (!isLeaf(row) || !row.quantity) return;
    kit.writeGhostly(parts, row.quantity, page.decimals);
    parts.seen.title = format.quantity(row.quantity);
  });
  const plain = (name) => kit.cell((parent) => ({ value: kit.add(parent, "span", "num soft") }), (parts, row) => { kit.write(parts.value, name === "charges" && !row.charges ? "" : money(row[name])); });
  const toned = (name) => kit.cell((parent) => ({ value: kit.add(parent, "span", "num"), under: kit.add(parent, "span", "under dim num") }), (parts, row) => {
    kit.write(parts.value, money(row[name], true));
    kit.dress(parts.value, `num ${tone(row[name])}`);
    kit.write(parts.under, name === "gain" && row.type !== "group" ? `from ${money(row.proceeds)}` : "");
  });
  const quiet = (name) => kit.cell((parent) => ({ value: kit.add(parent, "span", "num soft") }), (parts, row) => { kit.write(parts.value, row[name] ? money(row[name], true) : ""); });

  /* ------------------------------------------------------------------------------------------------------------- controls */
  function exportRows() {
    const { base_currency: base } = page.payload, amount = (value) => (value === null ? "" : (value / 100).toFixed(2));
    const head = ["symbol", "name", "portfolio", "account", "kind", "bought", "sold", "tax_year", "days_held", "term", "rule", "quantity", `proceeds_${base}`, `cost_${base}`, `fees_and_taxes_${base}`,
      `gain_${base}`, `by_currency_${base}`, `disallowed_${base}`, `after_wash_sales_${base}`, "sale", "lot"];
    const rows = page.leaves.map((row) => [row.symbol, row.name, row.portfolio_name ?? "", row.account ?? "", row.kind, row.opened ?? "", row.closed, row.year, row.days_held ?? "", row.term, row.rule ?? "", row.quantity,
      amount(row.proceeds), amount(row.cost), amount(row.charges), amount(row.gain), amount(row.fx_gain), amount(row.disallowed), amount(row.adjusted_gain), row.transaction_id, row.lot_id ?? ""]);
    kit.download(`portolan-realised-gains-${page.payload.rules || page.payload.cost_method}.csv`, [head, ...rows]);
  }

  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.(`#${PAGE} button`);
    if (!button) return;
    if (button.dataset.rules) choose({ rules: button.dataset.rules === "none" ? "" : button.dataset.rules, tax_year: "" });
    else if (button.dataset.taxYear) choose({ tax_year: button.dataset.taxYear });
    else if (button.dataset.do === "all-years") choose({ year: "all" });
    else if (button.dataset.do === "export-gains" && page.payload?.rows?.length) exportRows();
  });
  document.addEventListener("change", ({ target }) => {
    const select = target.closest?.(`#${PAGE} [data-choice] select`);
    if (select) choose({ [select.name]: select.value });
  });

  const compare = (read) => (left, right, a, b) => String(read(a.data) ?? "").localeCompare(String(read(b.data) ?? "")) || String(a.data.id).localeCompare(String(b.data.id), undefined, { numeric: true });
  Object.assign(window.dashAgGridFunctions, { portolanGainsPasses: passes, portolanGainsOrder: order, portolanGainsHeight: rowHeight,
    portolanByClosed: compare((row) => row.closed), portolanByOpened: compare((row) => row.opened) });
  window.dashAgGridFunctions.portolanGains = { LotCell: lot, OpenedCell: text((row) => (row.opened ? kit.date(row.opened) : "pool")), DaysCell: text((row) => (row.days_held === null ? "" : format.number(row.days_held, { decimals: 0 })), "soft num"),
    TermCell: text((row) => TERMS[row.term] || ""), RuleCell: text((row) => RULES[row.rule] || ""), LotUnitsCell: units, ProceedsCell: plain("proceeds"), LotCostCell: plain("cost"), ChargesCell: plain("charges"),
    FxCell: quiet("fx_gain"), GainCell: toned("gain"), AdjustedCell: toned("adjusted_gain") };
  window.dash_clientside = Object.assign(window.dash_clientside || {}, { gains: { query, load } });
  return { page };
})();
