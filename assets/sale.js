/* The sale that is thought through, from the drawer of a holding: the fields, when to ask the server, and whose lots are shown. */
window.portolan.sale = (() => {
  const DIALOG = "sale-dialog", PAUSE_MS = 200, KEPT = ["fee", "tax_rate_short", "tax_rate_long"];
  const { element } = window.portolan.draw, format = window.portolan.format;
  const state = { symbol: null, held: 0, price: null, method: null, number: 0, timer: null, built: false };
  const sheet = () => document.getElementById(DIALOG);
  const input = (name) => sheet()?.querySelector(`[data-input="${name}"] input, [data-input="${name}"] select`);
  const write = (name, text) => { const place = sheet().querySelector(`[data-part=${name}]`); if (place) place.textContent = text; };

  /* What a person writes: a comma is a decimal point, spaces are nothing. */
  const read = (name) => (input(name)?.value || "").replace(/[\s\u202f']/g, "").replace(",", ".");

  function kept() {
    try { return JSON.parse(localStorage.getItem("portolan.sale") || "{}"); } catch { return {}; }
  }

  function keep() {
    try { localStorage.setItem("portolan.sale", JSON.stringify(Object.fromEntries(KEPT.map((name) => [name, input(name).value])))); } catch { /* then it lasts for this page */ }
  }

  /* The fields are ours and not React's: it would put back what it last knew. */
  function build() {
    const place = (name) => sheet().querySelector(`[data-input="${name}"]`);
    const number = (name, more = {}) => place(name).replaceChildren(element("input", { type: "text", inputmode: "decimal", class: "input", autocomplete: "off", name, ...more }));
    number("quantity");
    number("price");
    number("fee", { placeholder: "0" });
    number("tax_rate_short", { placeholder: "no estimate" });
    number("tax_rate_long", { placeholder: "no estimate" });
    place("share").replaceChildren(element("input", { type: "range", min: 0, max: 100, step: 1, "aria-label": "Part of what is held, in percent", name: "share" }));
    place("account").replaceChildren(element("select", { class: "input", name: "account" }));
    for (const [name, value] of Object.entries(kept())) if (KEPT.includes(name) && input(name)) input(name).value = value;
    state.built = document.getElementById(DIALOG);
  }

  const decimals = (value) => (String(value).split(".")[1] || "").length;

  function open(symbol) {
    const page = window.portolan.holdings.page, row = [...page.merged.values()].find((each) => each.symbol === symbol && each.kind === "holding");
    if (!row || !(row.quantity > 0)) return;
    if (state.built !== document.getElementById(DIALOG)) build();
    Object.assign(state, { symbol, held: row.quantity, price: row.price, method: null, scope: page.payload.scope });
    write("symbol", symbol);
    write("held", ` ${row.name}, ${format.quantity(row.quantity)} held`);
    sheet().querySelector('[data-field="price"] [data-part=label]').textContent = `Price ${row.price_currency || row.currency}`;
    sheet().querySelector('[data-field="fee"] [data-part=label]').textContent = `Fee ${row.price_currency || row.currency}`;
    input("price").value = row.price === null ? "" : String(row.price);
    input("share").value = 50; // of all, every method would realise the same
    changed("share", { quiet: true });
    accounts([]);
    document.getElementById("sale-answer").classList.add("waiting");
    window.portolan.shell.open(DIALOG);
    input("quantity").select();
    ask(0);
  }

  /* The accounts that hold it, as the first answer names them; with one there is nothing to choose. */
  function accounts(names) {
    const list = input("account"), chosen = list.value;
    list.replaceChildren(new Option("All accounts", ""), ...names.map((name) => new Option(name, name)));
    list.value = names.includes(chosen) ? chosen : "";
    sheet().querySelector('[data-field="account"]').hidden = names.length < 2;
  }

  function ask(pause = PAUSE_MS) {
    clearTimeout(state.timer);
    state.timer = setTimeout(() => {
      const { as_of: date, known_at } = window.portolan.shell.scope();
      const names = ["quantity", "price", "fee", "tax_rate_short", "tax_rate_long"], told = Object.fromEntries(names.map((name) => [name, read(name)]));
      window.dash_clientside.set_props("sale-asked", { data: { ...told, date, known_at, scope: state.scope, symbol: state.symbol, account: input("account").value, number: (state.number += 1) } });
    }, pause);
  }

  function changed(name, { quiet = false } = {}) {
    if (name === "share") {
      const part = Number(input("share").value) / 100, places = Math.max(decimals(state.held), part === 1 ? 0 : state.held < 10 ? 4 : 0);
      input("quantity").value = String(Number((state.held * part).toFixed(Math.min(8, part === 1 ? decimals(state.held) : places))));
    } else if (name === "quantity") {
      input("share").value = Math.max(0, Math.min(100, Math.round(Number(read("quantity")) / state.held * 100))) || 0;
    } else if (KEPT.includes(name)) keep();
    if (!quiet) ask();
  }

  /* The lots of one method at a time; the choice stays while the quantity is moved. */
  function answered() {
    requestAnimationFrame(() => {
      const box = document.getElementById("sale-answer"), rows = [...box.querySelectorAll("[data-method-row]")];
      box.classList.remove("waiting");
      if (!rows.length) return;
      accounts(JSON.parse(box.querySelector("[data-accounts]").dataset.accounts));
      const known = rows.some((row) => row.dataset.methodRow === state.method), own = rows.find((row) => row.dataset.own === "true") || rows[0];
      show(known ? state.method : own.dataset.methodRow);
    });
  }

  function show(method) {
    state.method = method;
    const box = document.getElementById("sale-answer");
    lots(box.querySelector(".sold-lots"), box.querySelector(`[data-method-row="${method}"]`));
    for (const row of box.querySelectorAll("[data-method-row]")) {
      row.classList.toggle("sel", row.dataset.methodRow === method);
      row.querySelector("button").setAttribute("aria-pressed", String(row.dataset.methodRow === method));
    }
  }

  const tone = (value) => (Math.abs(value) < 0.005 ? "flat" : value > 0 ? "gain" : "loss");

  /* What one method takes: when it was bought, where it lies, how long it was held, and what it brings. */
  function lots(place, row) {
    const taken = JSON.parse(row.dataset.lots), name = row.querySelector("button").textContent, base = place.dataset.base;
    const cell = (figure, index, text, look) => element("td", { class: look }, element("span", { "data-explain": `sale_lots.${figure}:${place.dataset.of}:${row.dataset.methodRow}#${index + 1}` }, text));
    const line = (lot, index) => element("tr", {}, element("td", { class: "l" }, lot.opened ? window.portolan.grid.date(lot.opened) : "Pool", lot.place ? element("span", { class: "sub" }, lot.place) : null),
      element("td", { class: "l" }, lot.term), cell("quantity", index, format.quantity(lot.quantity)), cell("cost", index, format.money(lot.cost)), cell("proceeds", index, format.money(lot.proceeds)),
      cell("gain", index, format.money(lot.gain, { signed: true }), tone(lot.gain)));
    const heads = ["Bought", "Term", "Quantity", `Cost ${base}`, "Proceeds", "Gain"].map((text, index) => element("th", { class: index < 2 ? "l" : null }, text));
    const table = element("table", { class: "grid-t" }, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...taken.map(line)));
    place.dataset.lotsOf = row.dataset.methodRow;
    place.replaceChildren(element("h3", {}, name, element("span", { class: "dim" }, ` takes ${taken.length} lot${taken.length === 1 ? "" : "s"}`)), element("div", { class: "scroll wide-table" }, table));
  }

  document.addEventListener("click", ({ target }) => {
    if (target.closest?.('[data-do="simulate-sale"]')) open(window.portolan.holdings.page.symbol);
    const row = target.closest?.("#sale-answer [data-method-row]");
    if (row) show(row.dataset.methodRow);
  });
  document.addEventListener("input", ({ target }) => { if (target.closest?.(`#${DIALOG} [data-input]`)) changed(target.name); });

  window.dash_clientside = Object.assign(window.dash_clientside || {}, { sale: { answered } });
  return { open, state };
})();
