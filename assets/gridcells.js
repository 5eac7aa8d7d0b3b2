/* The cells of both tables: what each column draws from a row. Money is in whole cents, weights in tenths of a percent. */
(() => {
  const kit = window.portolan.grid, format = window.portolan.format;
  const money = (value, signed = false) => (value === null || value === undefined ? format.UNKNOWN : format.money(value / 100, { signed }));
  const tone = (value) => (value > 0 ? "gain" : value < 0 ? "loss" : "flat");
  const isLeaf = (row) => row.type === "leaf";

  /* ------------------------------------------------------------------------------------------------------- holdings */
  const instrument = kit.cell((parent, row) => {
    if (isLeaf(row)) {
      const frame = kit.add(parent, "div", "inst"), symbol = kit.add(frame, "b"), name = kit.add(frame, "span");
      return { frame, symbol, name };
    }
    const twist = row.type === "group" ? kit.add(parent, "span", "twist") : null;
    return { parent, twist, name: kit.add(parent, "span"), count: kit.add(parent, "span", "dim") };
  }, (parts, row, one) => {
    if (parts.symbol) {
      kit.choose(one, Boolean(row.symbol) && row.kind !== "cash" && row.symbol === window.portolan.holdings.page.symbol);
      kit.write(parts.symbol, row.kind === "other" ? "" : row.symbol);
      parts.symbol.hidden = row.kind === "other";
      const name = row.kind === "closed" ? `${row.name}, closed` : row.name;
      kit.write(parts.name, name);
      parts.name.title = name;
      return;
    }
    const page = window.portolan.holdings.page, shut = page.shut.has(row.group) && !page.filter;
    kit.write(parts.name, row.name);
    if (parts.twist) {
      parts.twist.classList.toggle("shut", shut);
      parts.parent.setAttribute("role", "button");
      parts.parent.setAttribute("aria-expanded", String(!shut));
    }
    const holdings = `${row.count} holding${row.count === 1 ? "" : "s"}`;
    kit.write(parts.count, row.type === "total" ? ` ${holdings}${row.missing ? ", incomplete" : ""}` : ` ${row.only || row.count}`);
    if (row.type === "total") parts.count.title = row.missing ? `The value excludes ${row.missing} without price or rate` : "";
  });

  const spark = kit.cell((parent, row) => (isLeaf(row) ? kit.sparkline(parent) : {}), (parts, row) => { if (parts.svg) kit.drawSparkline(parts, row.spark); });

  const quantity = kit.cell((parent) => kit.ghostly(parent), (parts, row) => {
    if (!isLeaf(row) || row.quantity === null || row.quantity === undefined) return;
    kit.writeGhostly(parts, row.quantity, row.kind === "cash" ? 2 : window.portolan.holdings.page.decimals);
    parts.seen.title = row.kind === "cash" ? "" : format.quantity(row.quantity);
  });

  const REASONS = { missing_price: ["no price", "No price is known for this instrument"], missing_rate: ["no rate", "No exchange rate into the base currency is known"] };

  const price = kit.cell((parent, row) => {
    if (!isLeaf(row) || row.kind !== "holding") return {};
    return { tag: kit.add(parent, "span", "tag warn"), price: kit.add(parent, "span", "flash price num"), unit: kit.add(parent, "span", "unit"), age: kit.add(parent, "i", "age") };
  }, (parts, row) => {
    if (!parts.price) return;
    const [word, why] = REASONS[row.reason] || ["", ""];
    kit.write(parts.price, format.price(row.price));
    kit.write(parts.unit, row.price_currency || row.currency);
    kit.mark(parts.age, "state", row.state);
    parts.age.hidden = row.price === null;
    parts.tag.hidden = !word;
    kit.write(parts.tag, word);
    parts.tag.title = why;
  });

  const day = kit.cell((parent) => ({ value: kit.add(parent, "span", "soft num") }), (parts, row) => {
    const blank = row.kind === "cash" || row.kind === "closed" || row.kind === "other" || (!isLeaf(row) && row.day_return === null);
    kit.write(parts.value, blank ? "" : format.percent(row.day_return));
  });

  const signed = (name) => kit.cell((parent) => ({ value: kit.add(parent, "span", "num") }), (parts, row) => {
    const blank = name === "day_pnl" ? row.kind === "other" || (row.kind === "closed" && !row.day_pnl) : row.kind === "cash";
    kit.write(parts.value, blank ? "" : money(row[name], true));
    kit.dress(parts.value, `num ${tone(row[name])}`);
  });

  const cost = kit.cell((parent) => ({ value: kit.add(parent, "span", "soft num"), unit: kit.add(parent, "span", "unit") }), (parts, row) => {
    const known = isLeaf(row) && row.kind === "holding";
    kit.write(parts.value, known ? format.price(row.average_cost) : "");
    kit.write(parts.unit, known ? row.price_currency || row.currency : "");
  });

  const value = kit.cell((parent) => ({ value: kit.add(parent, "span", "mv num"), under: kit.add(parent, "span", "under") }), (parts, row) => {
    const blank = row.kind === "closed" || row.kind === "other";
    kit.write(parts.value, blank ? "" : money(row.value));
    if (isLeaf(row)) {
      kit.write(parts.under, blank || row.kind === "cash" ? "" : format.percent(row.day_return));
      kit.dress(parts.under, `under num ${tone(row.day_return)}`);
    } else {
      kit.write(parts.under, row.type === "total" ? money(row.day_pnl, true) : "");
      kit.dress(parts.under, `under num ${tone(row.day_pnl)}`);
    }
  });

  const onCost = kit.cell((parent) => ({ value: kit.add(parent, "span", "soft num") }), (parts, row) => {
    const blank = (isLeaf(row) && row.kind !== "holding") || (!isLeaf(row) && row.on_cost === null);
    kit.write(parts.value, blank ? "" : format.percent(row.on_cost, { decimals: 1 }));
  });

  const weight = kit.cell((parent, row) => {
    const frame = kit.add(parent, "span", isLeaf(row) && row.kind === "holding" ? "wbar" : "wbar plain"), bar = kit.add(frame, "i"), text = kit.add(frame, "span", "num");
    return { bar, value: kit.add(text, "span"), unit: kit.add(text, "span", "unit") };
  }, (parts, row) => {
    const blank = row.kind === "closed" || row.kind === "other", known = row.weight !== null && row.weight !== undefined;
    kit.write(parts.value, blank ? "" : format.number(known ? row.weight / 10 : null, { decimals: 1 }));
    kit.write(parts.unit, blank || !known ? "" : "%");
    if (isLeaf(row)) parts.bar.style.setProperty("--w", Math.max(0, Math.min(100, (row.weight ?? 0) / window.portolan.holdings.page.top * 100)).toFixed(1));
  });

  window.dashAgGridFunctions.portolanHoldings = { InstrumentCell: instrument, SparkCell: spark, QuantityCell: quantity, PriceCell: price, DayCell: day,
    DayPnlCell: signed("day_pnl"), CostCell: cost, ValueCell: value, TotalPnlCell: signed("total_pnl"), OnCostCell: onCost, WeightCell: weight };

  /* --------------------------------------------------------------------------------------------------- transactions */
  const words = (kind) => kind.charAt(0) + kind.slice(1).toLowerCase().replaceAll("_", " ").replace("fx", "FX").replace("spin off", "spin-off");

  const plain = (name, read = (value) => value ?? "") => kit.cell((parent) => ({ text: kit.add(parent, "span") }), (parts, row) => {
    const text = read(row[name], row);
    kit.write(parts.text, text);
    parts.text.title = text;
  });

  const kindCell = kit.cell((parent) => ({ kind: kit.add(parent, "span"), tag: kit.add(parent, "span", "tag") }), (parts, row) => {
    kit.write(parts.kind, row.kind_name || words(row.kind));
    kit.write(parts.tag, row.voided ? "voided" : row.version > 1 ? "corrected" : "");
    parts.tag.hidden = !row.voided && row.version === 1;
  });

  const subject = kit.cell((parent) => { const frame = kit.add(parent, "div", "inst"); return { symbol: kit.add(frame, "b"), name: kit.add(frame, "span"), under: kit.add(frame, "span", "under") }; }, (parts, row, one) => {
    kit.choose(one, row.id === window.portolan.transactions.page.entry?.id);
    const small = kit.NARROW_SCREEN.matches, lead = row.symbol || (small ? row.kind_name : "");
    kit.write(parts.symbol, lead);
    parts.symbol.hidden = !lead;
    const name = row.to_currency ? `into ${format.money(Number(row.to_amount))} ${row.to_currency}` : row.to_symbol ? `into ${row.to_symbol}` : row.name || "";
    kit.write(parts.name, name);
    parts.name.title = name;
    const what = [row.symbol ? row.kind_name : "", row.quantity === null ? "" : format.quantity(Number(row.quantity))].filter(Boolean).join(" ");
    kit.write(parts.under, [what, kit.date(row.date), row.voided ? "voided" : ""].filter(Boolean).join(" · "));
  });

  const units = kit.cell((parent) => kit.ghostly(parent), (parts, row) => {
    if (row.quantity === null) { kit.write(parts.seen, ""); kit.write(parts.ghost, ""); return; }
    kit.writeGhostly(parts, Number(row.quantity), window.portolan.transactions.page.decimals);
    parts.seen.title = format.quantity(Number(row.quantity), { decimals: 18 });
  });

  const unitPrice = kit.cell((parent) => ({ value: kit.add(parent, "span", "num") }), (parts, row) => {
    kit.write(parts.value, row.price === null ? (row.ratio === null ? "" : `${format.quantity(Number(row.ratio))} : 1`) : format.price(Number(row.price)));
    parts.value.title = row.price ?? "";
  });

  const charge = (name) => kit.cell((parent) => ({ value: kit.add(parent, "span", "soft num") }), (parts, row) => {
    kit.write(parts.value, Number(row[name]) ? format.money(Number(row[name])) : "");
  });

  const amount = kit.cell((parent) => ({ value: kit.add(parent, "span", "num"), under: kit.add(parent, "span", "under dim") }), (parts, row) => {
    kit.write(parts.value, row.gross === null ? "" : format.money(Number(row.gross)));
    kit.write(parts.under, row.currency || "");
  });

  window.dashAgGridFunctions.portolanLedger = { DateCell: plain("date", kit.date), KindCell: kindCell, SubjectCell: subject, UnitsCell: units, UnitPriceCell: unitPrice,
    FeeCell: charge("fee"), TaxCell: charge("tax"), AmountCell: amount, CurrencyCell: plain("currency"), AccountCell: plain("account"), NoteCell: plain("note"),
    PortfolioCell: plain("portfolio_name"), RecordedCell: plain("recorded_at", kit.moment) };
})();
