/* What a file's columns, styles and words of kind mean: painted from what the server guessed, read back as the mapping that the reader says.
   `imports.js` sends the file again with it. */
window.portolan.importColumns = (() => {
  const PAGE = "import-page";
  const { element } = window.portolan.draw;
  const FIELDS = { date: "Date", kind: "Kind", symbol: "Symbol", isin: "ISIN", name: "Name of the instrument", quantity: "Quantity", price: "Price", amount: "Gross amount", net: "Net amount",
    fee: "Fee", tax: "Tax", currency: "Currency", fx_rate: "Exchange rate", account: "Account", note: "Note", external_id: "Its own id", side: "Debit or credit", ratio: "Ratio of a split",
    asset_class: "Class", to_symbol: "New instrument", to_amount: "Amount received", to_currency: "Currency received" };
  const KINDS = ["BUY", "SELL", "DIVIDEND", "INTEREST", "FEE", "TAX", "DEPOSIT", "WITHDRAWAL", "TRANSFER_IN", "TRANSFER_OUT", "SPLIT", "STOCK_DIVIDEND", "RETURN_OF_CAPITAL", "SPIN_OFF", "MERGER",
    "FX_CONVERSION", "ADJUSTMENT"];
  const page = () => document.getElementById(PAGE);
  const part = (name) => page()?.querySelector(`[data-part="${name}"]`);
  const words = (text) => (text.charAt(0) + text.slice(1).toLowerCase()).replaceAll("_", " ");

  /* What each column of the file is, beside what stands in it. */
  function paint(run, said) {
    const guesses = Object.fromEntries(run.reading.guesses.map((guess) => [guess.field, guess])), chosen = Object.fromEntries(Object.entries(run.mapping.columns).map(([field, column]) => [column, field]));
    part("columns-note").textContent = run.reading.remembered ? "as you said for such a file before" : said ? "as you said" : "as guessed from names and cells";
    const rows = run.reading.header.map((column) => {
      const field = chosen[column], guess = guesses[field];
      const pick = element("select", { class: "input", "aria-label": `What ${column} is`, "data-column": column }, element("option", { value: "" }, "not read"),
        ...Object.entries(FIELDS).map(([value, word]) => element("option", { value, selected: value === field }, word)),
        ...(field && !FIELDS[field] ? [element("option", { value: field, selected: true }, words(field))] : []));
      return element("tr", {}, element("td", { class: "l" }, element("b", {}, column)), element("td", { class: "l soft samples hide-s" }, (run.reading.samples[column] || []).join("  ·  ")),
        element("td", { class: "l" }, pick), element("td", { class: "l hide-s" }, field ? sure(guess) : ""));
    });
    part("mapping").replaceChildren(table(["Column", "Its cells", "Is", "How sure"], rows, ["l", "l hide-s", "l", "l hide-s"]));
    paintStyles(run, guesses);
    paintKinds(run);
  }

  function sure(guess) {
    if (!guess) return "";
    const level = guess.confidence >= 0.8 ? ["ok", "sure"] : guess.confidence >= 0.6 ? ["", "likely"] : ["warn", "a guess"];
    return element("span", { class: `tag ${level[0]}`.trim(), title: guess.why }, level[1]);
  }

  function choice(label, name, value, options, guess) {
    const pick = element("select", { class: "input", "data-style": name }, ...options.map(([key, word]) => element("option", { value: key, selected: key === value }, word)));
    return element("label", { class: "field" }, element("span", { class: "soft" }, `${label} `, sure(guess)), pick);
  }

  function paintStyles(run, guesses) {
    const { mapping } = run, currency = element("input", { class: "input", "data-style": "currency", value: mapping.defaults.currency || "", maxlength: 3, placeholder: "as the instrument", autocomplete: "off" });
    const make = element("input", { type: "checkbox", "data-style": "create_instruments" });
    make.checked = mapping.create_instruments;
    part("styles").replaceChildren(
      choice("Decimals", "decimal", mapping.decimal, [[".", "1,234.56"], [",", "1.234,56"]], guesses.decimal),
      choice("Dates", "date_order", mapping.date_order, [["ymd", "year first, or month by name"], ["dmy", "day.month.year"], ["mdy", "month/day/year"]], guesses.date_order),
      ...(mapping.columns.currency ? [] : [element("label", { class: "field" }, element("span", { class: "soft" }, "Currency"), currency)]),
      element("label", { class: "check" }, make, "Add instruments that are not known yet"),
    );
  }

  /* Words of kind that nobody knows: each is one of ours, or its rows are left out. */
  function paintKinds(run) {
    const said = Object.entries(run.mapping.kinds), list = [...new Set([...run.reading.unknown_kinds, ...said.map(([word]) => word)])];
    const rows = list.map((word) => element("tr", {}, element("td", { class: "l" }, element("b", {}, word)), element("td", { class: "l" },
      element("select", { class: "input", "aria-label": `What ${word} means`, "data-kind-word": word }, element("option", { value: "" }, "not known"),
        ...KINDS.map((kind) => element("option", { value: kind, selected: run.mapping.kinds[word] === kind }, words(kind))),
        element("option", { value: "IGNORE", selected: run.mapping.kinds[word] === "IGNORE" }, "leave these rows out")))));
    part("kinds").replaceChildren(...(rows.length ? [table(["Kind in the file", "Means"], rows, ["l", "l"])] : []));
  }

  function table(heads, rows, classes) {
    return element("table", { class: "grid-t" }, element("thead", {}, element("tr", {}, ...heads.map((text, index) => element("th", { class: classes[index], scope: "col" }, text)))), element("tbody", {}, ...rows));
  }

  /* What the reader says of the file: the mapping with every choice of the page. */
  function said({ mapping }) {
    const columns = {}, kinds = {}, style = (name) => page().querySelector(`[data-style="${name}"]`);
    for (const pick of page().querySelectorAll("[data-column]")) if (pick.value) columns[pick.value] = pick.dataset.column;
    for (const pick of page().querySelectorAll("[data-kind-word]")) if (pick.value) kinds[pick.dataset.kindWord] = pick.value;
    const currency = style("currency")?.value.trim().toUpperCase();
    const told = { columns, kinds, decimal: style("decimal").value, date_order: style("date_order").value, create_instruments: style("create_instruments").checked,
      defaults: { ...mapping.defaults, ...(currency === undefined ? {} : { currency }) } };
    if (!currency && told.defaults.currency === "") delete told.defaults.currency;
    return told;
  }

  /* One field has one column: the column that had it before is not read any more. */
  function settle(pick) {
    if (pick.value) for (const other of page().querySelectorAll("[data-column]")) if (other !== pick && other.value === pick.value) other.value = "";
  }

  return { paint, said, settle, table, words };
})();
