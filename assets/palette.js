/* Search and commands: what is in the directory, the pages and what can be done, found by words and run by a press or Enter.
   `shell.js` opens it and passes the keys on. */
window.portolan.palette = (() => {
  const { element } = window.portolan.draw, shell = () => window.portolan.shell;
  const byId = (id) => document.getElementById(id);

  const palette = { input: null, items: [], at: 0 };

  const commands = () => [
    { group: "Do", icon: "plus", text: "New portfolio", key: "n", run: () => shell().open("new-portfolio") },
    { group: "Do", icon: "transactions", text: "Import a file", more: "CSV, XLSX or JSON", run: () => shell().go("/import") },
    { group: "Do", icon: "bell", text: "New alert", more: "price, move, value, weight, drawdown, VaR", run: () => window.portolan.alerts.create() },
    { group: "Do", icon: "check", text: "Mark all alerts as seen", run: () => window.portolan.alerts.acknowledge() },
    { group: "Do", icon: "clock", text: "Look back to a day", run: () => byId("time").click() },
    ...(shell().scope().as_of || shell().scope().known_at ? [{ group: "Do", icon: "clock", text: "Back to live", run: () => shell().deeds.live() }] : []),
    ...(window.portolan.portfolio?.chosen() ? [{ group: "Do", icon: "edit", text: "Portfolio settings", more: window.portolan.portfolio.chosen().name, run: () => window.portolan.portfolio.open() }] : []),
    { group: "Do", icon: "theme", text: "Next theme: dark, light, high contrast", key: "t", run: () => shell().deeds.theme() },
    { group: "Do", icon: "theme", text: "Next colours of gain and loss", run: () => shell().nextPalette() },
    { group: "Do", icon: "fold", text: "Fold the sidebar", key: "f", run: () => shell().deeds.fold() },
    { group: "Do", icon: "keyboard", text: "Show the keys", key: "?", run: () => shell().open("keys") },
  ];

  function findable() {
    const pages = [...document.querySelectorAll(".rail ul a[data-nav]")].map((link) => ({
      group: "Pages", icon: link.querySelector("[data-icon]")?.dataset.icon, text: link.title, key: `g ${link.dataset.key}`, run: () => shell().go(link.dataset.nav),
    }));
    const portfolios = [{ id: "all", name: "All portfolios", currency: shell().directory.currency }, ...shell().directory.portfolios].map((each) => ({
      group: "Portfolios", icon: "portfolio", text: each.name, more: each.currency, run: () => shell().query({ portfolio: each.id === "all" ? null : each.id }),
    }));
    const holdings = (shell().directory.instruments || []).map((each) => ({
      group: "Holdings", icon: "holdings", text: each.symbol, more: each.name, run: () => shell().go("/holdings", { symbol: each.symbol }),
    }));
    return [...holdings, ...portfolios, ...pages, ...commands()];
  }

  /* Lower is better: start of the text, start of a word, anywhere in text, anywhere in the note. */
  function rank(item, words) {
    const text = item.text.toLowerCase(), more = (item.more || "").toLowerCase();
    let score = 0;
    for (const word of words) {
      const at = text.indexOf(word), beside = more.indexOf(word);
      if (at === 0) score += 0;
      else if (at > 0 && text[at - 1] === " ") score += 1;
      else if (beside === 0 || (beside > 0 && more[beside - 1] === " ")) score += 2;
      else if (at > 0 || beside > 0) score += 3;
      else return null;
    }
    return score;
  }

  function search(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean), order = ["Holdings", "Portfolios", "Pages", "Do"];
    const ranked = findable().map((item) => ({ ...item, score: rank(item, words) })).filter((item) => item.score !== null);
    const shown = order.flatMap((group) => ranked.filter((item) => item.group === group).sort((a, b) => a.score - b.score).slice(0, words.length ? 7 : group === "Holdings" ? 0 : 8));
    return words.length ? shown.sort((a, b) => Math.min(...ranked.filter((i) => i.group === a.group).map((i) => i.score)) - Math.min(...ranked.filter((i) => i.group === b.group).map((i) => i.score)) || order.indexOf(a.group) - order.indexOf(b.group)) : shown;
  }

  function paint() {
    const list = byId("palette-list");
    palette.items = search(palette.input.value);
    palette.at = 0;
    const rows = [];
    palette.items.forEach((item, index) => {
      if (!index || palette.items[index - 1].group !== item.group) rows.push(element("div", { class: "caps" }, item.group));
      rows.push(element("div", { class: "hit", role: "option", id: `hit-${index}`, "data-hit": index }, shell().icon(item.icon), element("span", {}, item.text, item.more ? element("span", { class: "dim" }, ` ${item.more}`) : ""), item.key ? element("kbd", {}, item.key) : ""));
    });
    list.replaceChildren(...(rows.length ? rows : [element("p", { class: "nothing" }, `Nothing is called “${palette.input.value}” here.`)]));
    markHit();
  }

  function markHit() {
    document.querySelectorAll("#palette [data-hit]").forEach((row) => { const on = Number(row.dataset.hit) === palette.at; row.setAttribute("aria-selected", on); if (on) row.scrollIntoView({ block: "nearest" }); });
    palette.input.setAttribute("aria-activedescendant", palette.items.length ? `hit-${palette.at}` : "");
  }

  function open() {
    if (!palette.input) {
      palette.input = element("input", { type: "text", class: "ask-input", placeholder: "Search holdings, portfolios, pages, actions", role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list", "aria-label": "Search", autocomplete: "off", spellcheck: "false" });
      palette.input.addEventListener("input", paint);
      byId("palette-field").replaceChildren(palette.input);
    }
    palette.input.value = "";
    shell().open("palette");
    paint();
  }

  function run(index) {
    const item = palette.items[index];
    shell().close("palette");
    item?.run();
  }

  function keys(event) {
    if (!byId("palette")?.open) return false;
    if (event.key === "Enter") run(palette.at);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") { const count = palette.items.length || 1; palette.at = (palette.at + (event.key === "ArrowDown" ? 1 : count - 1)) % count; markHit(); }
    else return false;
    return true;
  }

  return { keys, open, run };
})();
