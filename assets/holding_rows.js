/* Rows of the holdings table as plain objects: how the server's become ours, what a message makes of one, how they are dealt out, grouped,
   weighed and added up. Everything in whole cents, nothing drawn; `holdings.js` shows them. */
window.portolan.holdingRows = (() => {
  const CASH = "Cash", CLOSED = "Closed positions";
  const kit = window.portolan.grid;

  const GROUPS = {
    sector: (row) => (row.kind === "holding" ? row.sector || "No sector" : special(row)),
    currency: (row) => (row.kind === "closed" ? CLOSED : row.currency || "Other"),
    asset_class: (row) => (row.kind === "holding" ? row.asset_class : special(row)),
    portfolio: (row) => row.portfolio_name,
    none: (row) => (row.kind === "closed" ? CLOSED : null),
  };
  const special = (row) => (row.kind === "closed" ? CLOSED : CASH);

  function leaf(raw, by) {
    const row = { ...raw, type: "leaf", value: kit.cents(raw.market_value), day_pnl: kit.cents(raw.day_pnl), total_pnl: kit.cents(raw.total_pnl),
      cost: kit.cents(raw.cost_basis) ?? 0, weight: null };
    row.group = GROUPS[by](row);
    return row;
  }

  /* With rows by portfolio, a merged row is dealt out so that its parts add up to it to the cent. */
  function dealt(row) {
    const whole = row.parts.reduce((sum, part) => sum + Math.abs(part.quantity), 0);
    const portion = row.parts.map((part) => (whole ? Math.abs(part.quantity) / whole : 1 / row.parts.length));
    const split = (name, own) => (row[name] === null ? row.parts.map(() => null) : kit.fit(row.parts.map((part, index) => own(part, index)), row[name]));
    const value = split("value", (_, index) => Math.round(row.value * portion[index]));
    const moved = (name) => split(name, (part, index) => (kit.cents(part[name]) ?? 0) + (value[index] === null ? 0 : value[index] - (kit.cents(part.market_value) ?? 0)));
    const day = moved("day_pnl"), total = moved("total_pnl"), cost = split("cost", (part) => kit.cents(part.cost_basis) ?? 0);
    const weight = split("weight", (_, index) => Math.round(row.weight * portion[index]));
    return row.parts.map((part, index) => ({ ...row, parts: null, id: `${part.portfolio}|${row.id}`, portfolio: part.portfolio, portfolio_name: part.portfolio_name,
      quantity: part.quantity, average_cost: part.average_cost, value: value[index], day_pnl: day[index], total_pnl: total[index], cost: cost[index],
      on_cost: cost[index] > 0 && total[index] !== null ? total[index] / cost[index] : null, weight: weight[index], group: part.portfolio_name }));
  }

  /* The rows that a merged one is shown as. */
  const shown = (merged, by) => (by === "portfolio" && merged.parts?.length ? dealt(merged) : [{ ...merged, group: GROUPS[by](merged) }]);

  function sum(rows, name) {
    return rows.reduce((total, row) => total + (row[name] ?? 0), 0);
  }

  function summary(rows) {
    const value = sum(rows, "value"), day = sum(rows, "day_pnl"), cost = sum(rows.filter((row) => row.value !== null), "cost"), total = sum(rows, "total_pnl");
    const opening = value - day, priced = rows.filter((row) => row.kind === "holding");
    return { value, day_pnl: day, total_pnl: total, cost, weight: sum(rows, "weight"), day_return: opening && priced.length ? day / opening : null,
      on_cost: cost > 0 ? total / cost : null, missing: rows.filter((row) => row.reason).length };
  }

  function groupRow(name, rows) {
    return { id: `group:${name}`, type: "group", name, group: name, count: rows.filter((row) => row.kind === "holding" || row.kind === "closed").length,
      only: only(rows), ...summary(rows) };
  }

  /* A group of nothing but cash says its currency where others say their count. */
  function only(rows) {
    const codes = [...new Set(rows.filter((row) => row.kind === "cash").map((row) => row.currency))];
    return rows.every((row) => row.kind === "cash" || row.kind === "other") ? codes.join(", ") : "";
  }

  /* Weights of all rows together, so that they add up to 100.0 whatever moved. */
  function weighed(rows) {
    const part = rows.filter((row) => row.value !== null && (row.kind === "holding" || row.kind === "cash")), tenths = kit.shares(part.map((row) => row.value));
    const weights = new Map(part.map((row, index) => [row.id, tenths[index]]));
    return rows.map((row) => { const weight = weights.get(row.id) ?? null; return row.weight === weight ? row : { ...row, weight }; });
  }

  const decimalsOf = (value) => (String(value).split(".")[1] || "").length;

  /* A row after a message; what it does not say stays. */
  function moved(row, held, quote) {
    const next = { ...row }, price = held.price ?? quote?.price;
    if (price !== undefined) Object.assign(next, { was: row.price, price });
    for (const [from, to] of [["market_value", "value"], ["day_pnl", "day_pnl"], ["total_pnl", "total_pnl"]]) if (held[from] !== undefined) next[to] = kit.cents(held[from]);
    for (const name of ["day_return", "on_cost", "fx_rate"]) if (held[name] !== undefined) next[name] = held[name];
    if (held.total_pnl === undefined && held.market_value !== undefined && row.value !== null && next.value !== null) next.total_pnl = row.total_pnl + next.value - row.value;
    if (next.value !== null && next.value !== undefined) next.reason = null;
    Object.assign(next, quoted(held.state, quote));
    return next;
  }

  function quoted(state, quote) {
    const known = { state: state ?? quote?.state, ts: quote?.ts, received: quote?.received, source: quote?.source, simulated: quote?.simulated };
    return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
  }

  return { CASH, CLOSED, GROUPS, decimalsOf, groupRow, leaf, moved, shown, sum, summary, weighed };
})();
