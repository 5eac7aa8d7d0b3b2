/* Which figure a cell of the holdings or of the realised gains is: "market_value:AAPL", of a group the sum of what stands under it. */
(() => {
  const explain = window.portolan.explain;
  const keyOf = (row) => (row.kind === "cash" ? `cash:${row.symbol}` : row.kind === "other" ? "other" : row.symbol);

  /* ------------------------------------------------------------------------------------------------------- holdings */
  const FIGURES = { quantity: "quantity", price: "price", day_return: "day_return", day_pnl: "day_pnl", average_cost: "average_cost", value: "market_value", total_pnl: "total_pnl", on_cost: "on_cost", weight: "weight" };
  const OF_CASH = { quantity: "balance", day_pnl: "day_pnl", value: "value", weight: "weight" }, OF_WHOLE = ["value", "day_pnl", "day_return", "total_pnl", "on_cost"];
  const COUNTED = { value: ["holding", "cash"], weight: ["holding", "cash"], day_pnl: ["holding", "cash", "closed"], day_return: ["holding", "cash", "closed"],
    total_pnl: ["holding", "closed", "other"], on_cost: ["holding", "closed", "other"] };

  function ofHoldings({ row: id, column: shown, under, total }) {
    const { leaves, groups } = window.portolan.holdings.page, column = under ? (total ? "day_pnl" : "day_return") : shown;
    const row = leaves.get(id), group = groups.get(id.replace(/^group:/, "")), rows = group ? [...leaves.values()].filter((each) => each.group === group.group) : [];
    if (total) return { figure: OF_WHOLE.includes(column) ? column : column === "weight" ? ofRows([...window.portolan.holdings.page.merged.values()], column) : null };
    const portfolio = row?.portfolio || rows[0]?.portfolio;
    return portfolio ? inPortfolio(portfolio, row, column) : { figure: row ? ofRow(row, column) : ofRows(rows, column) };
  }

  function ofRow(row, column) {
    if (row.kind === "other") return column === "total_pnl" ? "other_pnl" : null;
    const name = (row.kind === "cash" ? OF_CASH : FIGURES)[column];
    return name ? `${name}:${keyOf(row)}` : null;
  }

  /* Of one holding it is that holding's own. */
  function ofRows(every, column) {
    const rows = every.filter((row) => COUNTED[column]?.includes(row.kind));
    return rows.length === 1 ? ofRow(rows[0], column) : rows.length ? `${FIGURES[column]}:${rows.map(keyOf).join(",")}` : null;
  }

  /* Rows by portfolio are a portfolio's own, in the currency of all; price and day are the instrument's. */
  function inPortfolio(scope, row, column) {
    const more = { base_currency: window.portolan.holdings.page.payload.base_currency };
    if (column === "weight") return { figure: `share_of_total:${scope}${row ? `:${keyOf(row)}` : ""}`, scope: "all" };
    if (!row) return OF_WHOLE.includes(column) ? { figure: column, scope, more } : null;
    return ["price", "day_return"].includes(column) ? { figure: ofRow(row, column) } : { figure: ofRow(row, column), scope, more };
  }

  /* -------------------------------------------------------------------------------------------------- realised gains */
  const LOT = ["quantity", "proceeds", "cost", "charges", "fx_gain", "gain", "adjusted_gain", "days_held"];
  const SUMS = { proceeds: "proceeds", cost: "cost", charges: "charges", fx_gain: "fx_gain", gain: "net", adjusted_gain: "adjusted" };

  function ofGains({ row, column: shown, under, total }) {
    const column = under ? "proceeds" : shown, name = SUMS[column];
    if (total || row.startsWith("group:")) return name ? { figure: total ? `gains.${name}` : `gains.${name}:${row.replace("group:", "")}` } : null;
    return LOT.includes(column) ? { figure: `realised_lots.${column}:${row}` } : null;
  }

  const known = (of) => (cell) => { const found = of(cell); return found?.figure ? found : null; };
  Object.assign(explain.grids, { "holdings-grid": known(ofHoldings), "gains-grid": known(ofGains) });
  Object.assign(explain, { keyOf });
})();
