/* The money of a holding's drawer, written over what the server drew, so that it agrees with the table to the cent at every tick.
   `holdings.js` opens and closes the drawer. */
window.portolan.holdingDrawer = (() => {
  const kit = window.portolan.grid, format = window.portolan.format;

  /* The drawer's money from the same cents as the table: lots add up to the holding, the split adds up to the total. */
  function paint(symbol, row) {
    const body = document.getElementById("holdings-drawer-body"), sheet = body?.querySelector("[data-lots]");
    if (!row || !sheet || sheet.dataset.symbol !== symbol) return;
    const known = JSON.parse(sheet.dataset.fixed), lots = JSON.parse(sheet.dataset.lots), profit = row.value === null ? null : row.value - row.cost;
    const names = ["realised", "income", "fees", "taxes"], fixed = kit.fit(names.map((name) => kit.cents(known[name]) ?? 0), (row.total_pnl ?? 0) - (profit ?? 0));
    const field = (name, text, sign) => { const found = body.querySelector(`[data-field=${name}]`); if (found) { kit.write(found, text); if (sign !== undefined) kit.dress(found, tone(sign)); } };
    field("price", format.price(row.price));
    const age = body.querySelector(".age");
    if (age) { kit.mark(age, "state", row.state); age.title = kit.ageTitle(row); }
    if (row.received) told(body, row);
    field("value", cash(row.value));
    field("cost", cash(row.cost));
    field("unrealised", cash(profit, true), profit ?? 0);
    names.forEach((name, index) => field(name, cash(fixed[index], true), fixed[index]));
    field("total", cash(row.total_pnl, true), row.total_pnl ?? 0);
    field("day", cash(row.day_pnl, true), row.day_pnl ?? 0);
    lotLines(body, lots, row, profit);
  }

  /* Where the price is from, of when it is, when it came and how old it is; a day's close stays as the server told it. */
  function told(body, row) {
    const words = { state: row.state, source: row.source || format.UNKNOWN, ts: format.instant(row.ts), received: format.instant(row.received), age: format.age(Math.max(0, (window.portolan.live.now() - row.ts) / 1000)) };
    for (const [name, text] of Object.entries(words)) { const found = body.querySelector(`[data-told=${name}]`); if (found) kit.write(found, text); }
  }

  const cash = (value, signed = false) => (value === null ? format.UNKNOWN : format.money(value / 100, { signed }));
  const tone = (value) => (value > 0 ? "gain" : value < 0 ? "loss" : "flat");

  function lotLines(body, lots, row, profit) {
    if (!lots.length || row.value === null) return;
    const units = lots.reduce((total, lot) => total + lot.quantity, 0) || 1;
    const values = kit.fit(lots.map((lot) => Math.round(row.value * lot.quantity / units)), row.value);
    const gains = kit.fit(lots.map((lot, index) => values[index] - kit.cents(lot.cost)), profit);
    body.querySelectorAll("[data-lot]").forEach((line) => {
      const index = Number(line.dataset.lot), gain = line.querySelector("[data-cell=gain]");
      kit.write(line.querySelector("[data-cell=value]"), cash(values[index]));
      kit.write(gain, cash(gains[index], true));
      kit.dress(gain, tone(gains[index]));
    });
    const foot = body.querySelector("[data-lot-total]"), gain = foot?.querySelector("[data-cell=gain]");
    if (gain) { kit.write(foot.querySelector("[data-cell=value]"), cash(row.value)); kit.write(gain, cash(profit, true)); kit.dress(gain, tone(profit)); }
  }

  return { paint };
})();
