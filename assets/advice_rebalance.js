/* Rebalance: the question in the address, the trades with their reasons and lots, before and after, distances, the way into Drafted. */
window.portolan = window.portolan || {};
window.dash_clientside = window.dash_clientside || {};

window.portolan.adviceRebalance = (() => {
  const BODY = "advice-rebalance-body", ASKED = ["bring", "new_money", "buy_only", "cost_aversion", "account", "symbols"];
  const byId = (id) => document.getElementById(id), none = () => window.dash_clientside.no_update, forms = () => window.portolan.adviceForms, shell = () => window.portolan.shell;
  const element = (...given) => window.portolan.draw.element(...given); // it loads later
  const page = { found: null, once: "" };

  function query(asked, _search, before) {
    if (!asked || asked.show !== "rebalance" || !byId(BODY)) return none();
    const address = new URLSearchParams(location.search), own = Object.fromEntries(ASKED.map((name) => [name, address.get(name) || ""]));
    const told = { scope: asked.scope, ...own, of: JSON.stringify({ ...asked, show: "" }) };
    if (JSON.stringify(told) === JSON.stringify(before)) return none();
    byId(BODY).toggleAttribute("data-waits", true);
    return told;
  }

  /* ------------------------------------------------------------------------------------------------------------- question */
  function question(found) {
    const { field } = forms(), asked = found.asked;
    const fields = [{ name: "bring", label: "Bring", kind: "choice", value: asked.bring, options: found.brings },
      ...(found.of_all ? [] : [{ name: "new_money", label: "New money", kind: "number", value: asked.new_money, usual: "0", unit: found.currency || "", hint: "With a minus: taken out" }]),
      { name: "cost_aversion", label: "Weight of costs", kind: "number", value: asked.cost_aversion, usual: "1", hint: "Against distance from the target" },
      ...(found.accounts.length > 1 ? [{ name: "account", label: "In account", kind: "choice", value: asked.account, options: found.accounts }] : []),
      ...(found.of_all ? [] : [{ name: "symbols", label: "May be bought besides", kind: "list", value: asked.symbols, hint: "Symbols, where a group has none held" }]),
      { name: "buy_only", label: "Buy only", kind: "flag", value: asked.buy_only === "1" }];
    return element("form", { class: "question-bar", novalidate: true, "aria-label": "What is asked" }, ...fields.map(field), element("div", { "data-part": "told" }));
  }

  function asks(form) {
    const told = forms().read(form);
    shell().query({ bring: told.bring === "targets" ? null : told.bring, new_money: told.new_money ?? null, cost_aversion: told.cost_aversion ?? null, account: told.account ?? null, symbols: told.symbols?.join(",") || null, buy_only: told.buy_only ? "1" : null });
  }

  /* --------------------------------------------------------------------------------------------------------------- result */
  const cells = (texts, tag = "td", starts = 1) => texts.map((text, place) => element(tag, { class: place < starts ? "l" : "" }, text));
  const table = (name, heads, rows, foot = [], starts = 1) => element("div", { class: "scroll" }, element("table", { class: `grid-t ${name}` }, element("thead", {}, element("tr", {}, ...cells(heads, "th", starts))), element("tbody", {}, ...rows), ...(foot.length ? [element("tfoot", {}, element("tr", {}, ...cells(foot)))] : [])));

  function trade(found) {
    return (each, place) => {
      const [quantity, price, ...rest] = each.cells, words = element("div", { class: "inst" }, element("span", { class: "side" }, each.side), element("b", {}, each.symbol), element("span", {}, each.name));
      const open = each.lots.length ? forms().press(`${each.lots.length} ${each.lots.length === 1 ? "lot" : "lots"}`, "quiet", { "data-lots": place, "aria-expanded": "false", ...(page.found.of_all ? { "data-of": found.portfolio } : {}) }) : null;
      const row = element("tr", {}, element("td", { class: "l" }, words), element("td", {}, quantity), element("td", {}, price, element("span", { class: "unit" }, each.currency)), ...rest.map((text) => element("td", {}, text)));
      const why = element("tr", { class: "why" }, element("td", { class: "l", colspan: found.heads.length }, element("span", { class: "soft" }, [each.why, each.account].filter(Boolean).join(" · ")), open));
      return [row, why];
    };
  }

  function toggleLots(button) {
    const row = button.closest("tr"), open = row.nextElementSibling?.classList.contains("lots-of");
    button.setAttribute("aria-expanded", String(!open));
    if (open) { row.nextElementSibling.remove(); return; }
    const own = button.dataset.of ? page.parts.find((each) => each.portfolio === button.dataset.of) : page.found, { lots } = own.trades[Number(button.dataset.lots)];
    row.after(element("tr", { class: "lots-of" }, element("td", { colspan: own.heads.length }, table("lots", own.lotHeads, lots.map((lot) => element("tr", {}, ...cells(lot)))))));
  }

  const change = (each) => [element("dt", {}, each.label), element("dd", { class: "num" }, element("s", {}, each.before), element("em", {}, "→"), each.text)];
  const amount = (each) => [element("dt", {}, each.label), element("dd", { class: "num" }, each.text, ...(each.unit ? [" ", element("span", { class: "unit" }, each.unit)] : []))];

  function bar(each) {
    const fill = element("i", { class: `${each.over ? "p" : "n"}${each.out ? " out" : ""}` });
    fill.style.width = `${each.width}%`;
    return element("div", { class: "spread", title: each.title || each.label }, element("span", {}, each.label), element("span", { class: "track" }, fill), element("span", { class: "num" }, each.text, " ", element("span", { class: "dim" }, each.of)));
  }

  function conflicts(found, title = "These cannot all hold") {
    const rows = found.clashes.map((each) => element("li", {}, element("span", { class: "words" }, element("b", {}, each.what), element("span", { class: "soft" }, each.mend))));
    const policy = element("div", { class: "acts" }, forms().press("Targets and limits", "", { "data-tab": "policy", ...(page.found.of_all ? { "data-portfolio": found.portfolio } : {}) }));
    return forms().panel(title, "these cannot all hold: one of them has to give way", element("ul", { class: "rows" }, ...rows), policy);
  }

  function trades(found, title = "Trades") {
    const { blank, panel, press } = forms(), count = found.orders.length;
    if (!count) return panel(title, "", blank("Nothing to do", found.notes.join(" ") || "No trade is worth its cost, or everything is where it should be."));
    const list = table("trades", found.heads, found.trades.flatMap(trade(found)), found.sum), more = [...found.conversions, ...found.notes].map((each) => element("p", { class: "soft" }, each));
    const acts = title !== "Trades" ? element("div", { class: "acts ruled" }, press("Look closer", "quiet", { "data-portfolio": found.portfolio })) : element("div", { class: "acts ruled" }, press(`Draft ${count} ${count === 1 ? "order" : "orders"}`, "primary", { "data-rebalance": "accept" }), press("For the broker (CSV)", "quiet", { "data-rebalance": "file" }), element("span", { class: "dim hide-s" }, "Nothing is booked until you confirm it in Drafted."));
    const section = element("section", { class: "panel suggestion", "aria-label": title }, element("header", {}, element("h2", {}, title), element("span", { class: "note" }, `${title === "Trades" ? `${found.name}, in` : `${found.currency}, in`} the order they are to be done`)), list, ...(more.length ? [element("div", { class: "advice" }, ...more)] : []), acts);
    return section;
  }

  /* Of all portfolios: what it comes to together, then each with its own trades, or why there are none. */
  function household(found) {
    const { blank, notice, panel, press } = forms(), told = element("div", { class: "notices" }, ...found.findings.map((each) => notice("info", each)));
    const own = (each) => { if (each.reason) return panel(each.name, "", element("p", { class: "soft" }, `${each.reason}.`.replace(/\.\.$/, ".")), element("div", { class: "acts" }, press("Targets and limits", "", { "data-portfolio": each.portfolio, "data-tab": "policy" }))); lots.push(each); return each.clashes.length ? conflicts(each, each.name) : trades(each, each.name); };
    const lots = [], parts = found.parts.map(own), count = found.count;
    page.parts = lots;
    const acts = element("div", { class: "acts" }, press(`Draft ${count} ${count === 1 ? "order" : "orders"}`, "primary", { "data-rebalance": "accept", disabled: count === 0 }), element("span", { class: "dim hide-s" }, "One proposal a portfolio; nothing is booked until you confirm it in Drafted."));
    const head = panel("All portfolios", "each by its own policy", count ? acts : blank("Nothing to do", "No portfolio has a trade that is worth it."));
    const beside = [panel("Before and after, together", found.days ? `risk from ${found.days} days` : "", element("dl", { class: "kv" }, ...found.shifts.flatMap(change))), panel("What it takes", found.currency, element("dl", { class: "kv" }, ...found.sums.flatMap(amount)))];
    return [told, element("div", { class: "cols" }, element("div", { class: "c8 stacked" }, head, ...parts), element("div", { class: "c4 stacked beside" }, ...beside))];
  }

  function result(found) {
    const { blank, failed, notice, panel, press } = forms();
    if (found.state === "household") return household(found);
    if (found.state === "failed") return [failed("Rebalance", found.message)];
    if (found.state === "empty") return [panel("Rebalance", "", blank("There are no targets yet", "Trades lead from what is held to what should be: say what every holding, class or sector should weigh.", press("Set targets", "primary", { "data-tab": "policy" })))];
    if (found.state === "wrong") return [];
    const told = element("div", { class: "notices" }, ...found.findings.map((each) => notice("info", each)));
    const weights = panel("Weights", "of the value", table("weights", ["Holding", "", ...found.weightHeads.slice(1)], found.weights.map((row) => element("tr", {}, ...cells(row, "td", 2))), [], 2));
    const left = element("div", { class: "c8 stacked" }, ...(found.clashes.length ? [conflicts(found)] : [trades(found)]), weights);
    const beside = [panel("Before and after", found.days ? `risk from ${found.days} days` : "", element("dl", { class: "kv" }, ...found.shifts.flatMap(change))), panel("What it takes", found.currency, element("dl", { class: "kv" }, ...found.sums.flatMap(amount))),
      panel("Distance to target", "points over or under, now", element("div", { class: "target-bars" }, ...found.bars.map(bar)))];
    return [told, element("div", { class: "cols" }, left, element("div", { class: "c4 stacked beside" }, ...beside))];
  }

  function drawn(found) {
    const body = byId(BODY);
    if (!found || !body) return;
    body.removeAttribute("data-waits");
    Object.assign(page, { found, once: shell().key() });
    if (found.state === "choose" || !found.asked) { body.replaceChildren(found.state === "choose" ? forms().choose("Rebalance", found.portfolios) : forms().failed("Rebalance", found.message)); return; }
    const before = body.querySelector("form"), form = before?.dataset.portfolio === found.portfolio && before.contains(document.activeElement) ? before : question(found);
    form.dataset.portfolio = found.portfolio;
    body.replaceChildren(form, element("div", { class: "stacked" }, ...result(found)));
    const free = forms().wrong(form, found.errors || []);
    form.querySelector("[data-part=told]").replaceChildren(...free.map((words) => forms().notice("crit", "Not worked out.", words)));
  }

  function acted(told) {
    const form = byId(BODY)?.querySelector("form"), button = byId(BODY)?.querySelector("[data-rebalance=accept]");
    if (!told || !form) return;
    page.once = shell().key(); // what is sent next is another request
    if (button) button.disabled = false;
    if (told.ok) { shell().announce("Drafted. Nothing is booked until you confirm it."); shell().query({ tab: "drafted" }); return; }
    form.querySelector("[data-part=told]").replaceChildren(forms().notice("crit", "Not drafted.", told.message));
  }

  const deeds = {
    accept: (button) => { button.disabled = true; const { portfolio, orders, effect, revision, question: asked, revisions } = page.found, own = page.found.of_all ? { question: asked, revisions } : { orders, effect, revision }; window.dash_clientside.set_props("advice-rebalance-action", { data: { portfolio, ...own, once: page.once, at: Date.now() } }); },
    file: () => { const link = element("a", { href: URL.createObjectURL(new Blob([page.found.file], { type: "text/csv" })), download: "portolan-rebalance.csv" }); document.body.append(link); link.click(); link.remove(); setTimeout(() => URL.revokeObjectURL(link.href), 10_000); },
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(`#${BODY} button`);
    if (!button) return;
    if (button.dataset.rebalance) deeds[button.dataset.rebalance](button);
    else if (button.dataset.lots) toggleLots(button);
    else if (button.dataset.tab) shell().query({ tab: button.dataset.tab });
  });
  document.addEventListener("change", (event) => { const form = event.target.closest?.(`#${BODY} form`); if (form) asks(form); });
  document.addEventListener("submit", (event) => { const form = event.target.closest?.(`#${BODY} form`); if (form) { event.preventDefault(); asks(form); } });

  Object.assign(window.dash_clientside, { adviceRebalance: { query, drawn, acted } });
  return { page };
})();
