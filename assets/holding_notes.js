/* What stands around the holdings table: the key figures, shares and rates of currencies, and notes on prices that are old, missing or simulated.
   `holdings.js` has it written with every change of its rows. */
window.portolan.holdingNotes = (() => {
  const PAGE = "holdings-page";
  const kit = window.portolan.grid, format = window.portolan.format;

  /* Key figures and notes of the rows as they stand; `page` is that of the table. */
  function paint(page) {
    const rows = [...page.merged.values()], held = rows.filter((row) => row.kind === "holding"), total = page.total;
    const cash = window.portolan.holdingRows.sum(rows.filter((row) => row.kind === "cash"), "value"), money = (value, options) => format.money(value / 100, options);
    const up = held.filter((row) => row.day_pnl > 0).length, down = held.filter((row) => row.day_pnl < 0).length;
    figure("value", money(total.value), [[money(total.value - cash), "market_value"], " invested"]);
    figure("day", money(total.day_pnl, { signed: true }), [[format.percent(total.day_return), "day_return"], ", ", [up, "up"], " up, ", [down, "down"], " down"], total.day_pnl);
    figure("total", money(total.total_pnl, { signed: true }), ["unrealised ", [money(unrealised(held), { signed: true, decimals: 0 }), "unrealised"], ", income ", [format.money(page.payload.totals.income, { signed: true, decimals: 0 }), "income"]], total.total_pnl);
    figure("cash", money(cash), total.value ? [[format.share(cash / total.value), "cash_share"], " of the value"] : ["no value yet"]);
    currencies(rows, page.payload.base_currency);
    notes(held, page.payload);
  }

  const unrealised = (rows) => rows.reduce((total, row) => total + (row.value === null ? 0 : row.value - row.cost), 0);

  function figure(name, text, sub, sign) {
    const card = document.querySelector(`#${PAGE} [data-figure=${name}]`);
    if (!card) return;
    const value = card.querySelector("[data-part=value]");
    kit.write(value, text);
    if (sign !== undefined) kit.dress(value, sign > 0 ? "gain" : sign < 0 ? "loss" : "flat");
    kit.words(card.querySelector("[data-part=sub]"), sub);
  }

  function currencies(rows, base) {
    const sums = new Map();
    for (const row of rows) if (row.currency && row.value) sums.set(row.currency, (sums.get(row.currency) ?? 0) + row.value);
    const parts = [...sums].sort((a, b) => b[1] - a[1]), tenths = kit.shares(parts.map(([, value]) => value)), list = document.querySelector(`#${PAGE} [data-part=currencies]`);
    if (!list) return;
    const told = parts.length > 3 ? 2 : 3, text = parts.slice(0, told).map(([code], index) => [code, tenths[index], weightOf(rows, [code])]);
    if (parts.length > 3) text.push(["other", tenths.slice(told).reduce((total, share) => total + share, 0), weightOf(rows, parts.slice(told).map(([code]) => code))]);
    const key = JSON.stringify(text);
    if (list.dataset.key !== key) {
      list.dataset.key = key;
      list.replaceChildren(...text.map(([code, share, figure]) => { const one = kit.element("span"); one.dataset.explain = figure; kit.add(one, "em", "", code); one.append(format.number(share / 10, { decimals: 1 })); kit.add(one, "span", "unit", "%"); return one; }));
    }
    const rates = new Map(rows.filter((row) => row.fx_rate && row.currency !== base).map((row) => [row.currency, row.fx_rate]));
    const keys = new Map(rows.filter((row) => row.fx_rate).map((row) => [row.currency, keyOf(row)])), shown = [...rates].slice(0, 2);
    kit.words(document.querySelector(`#${PAGE} [data-part=rates]`), shown.length ? shown.flatMap(([code, rate], index) => [`${index ? ", " : ""}${code}/${base} `, [format.number(rate, { decimals: 4 }), `fx_rate:${keys.get(code)}`]]) : [`all in ${base}`]);
  }

  const keyOf = (row) => window.portolan.explain.keyOf(row);
  const weightOf = (rows, codes) => `weight:${rows.filter((row) => codes.includes(row.currency) && row.value && ["holding", "cash"].includes(row.kind)).map(keyOf).join(",")}`;

  function notes(held, payload) {
    const counts = new Map();
    for (const row of held) counts.set(row.state, (counts.get(row.state) ?? 0) + 1);
    const words = { live: "live", delayed: "delayed", stale: "stale", closed: "closed", missing: "without price" };
    part("states", Object.keys(words).filter((name) => counts.has(name)).map((name) => `${counts.get(name)} ${words[name]}${name === "stale" ? ` (${format.share(staleShare(payload))} of the value)` : ""}`).join(", "));
    const simulated = held.filter((row) => row.simulated).length;
    const tag = document.querySelector(`#${PAGE} [data-part=simulated]`);
    if (tag) { tag.hidden = !simulated; kit.write(tag, simulated === held.length ? "simulated prices" : `${simulated} of ${held.length} prices simulated`); }
    const missing = held.filter((row) => row.reason), notice = document.querySelector(`#${PAGE} [data-part=missing]`);
    if (notice) { notice.hidden = !missing.length; part("missing-count", missing.length === 1 ? `1 of ${held.length} holdings has no value.` : `${missing.length} of ${held.length} holdings have no value.`); }
    stale(held);
    part("when", `${payload.base_currency}, ${payload.day ? `close of ${kit.date(payload.day)}` : kit.moment(Date.now())}`);
  }

  const staleShare = (payload) => (payload.past ? null : window.portolan.live?.state.portfolios?.[payload.scope]?.stale_share) ?? payload.totals.stale_share;

  /* Where no price is fresh any more the page says so, with the age of the newest. */
  function stale(held) {
    const notice = document.querySelector(`#${PAGE} [data-part=stale]`), priced = held.filter((row) => row.ts);
    if (!notice) return;
    notice.hidden = !priced.length || !priced.every((row) => row.state === "stale");
    if (!notice.hidden) part("stale-age", `Prices are ${format.age((window.portolan.live.now() - Math.max(...priced.map((row) => row.ts))) / 1000)} old.`);
  }

  function part(name, text) {
    const found = document.querySelector(`#${PAGE} [data-part=${name}]`);
    if (found) kit.write(found, text);
  }

  return { paint, stale };
})();
