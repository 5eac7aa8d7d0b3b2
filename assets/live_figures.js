/* Figures painted from the stream, wherever they stand on a page; `live.js` keeps the state and says when.
   In the page: `data-scope="<portfolio id|all>"` says whose figures an element and what is in it shows; `data-live="value"` (a path:
   `day_pnl`, `holdings.AAPL.market_value`, `quotes.AAPL.price`, `risk.volatility` where an element of the page has `data-live-risk`) is painted through `portolan.format.paint`; `data-flash` lets it flash. */
window.portolan.liveFigures = (() => {
  const FLASH_MS = 900, FLASH_PAUSE_MS = 1_000, BUSY_FLASHES = 20;

  /* Paint every element that stands on the page, from the state of the stream. */
  function paint(state) {
    if (document.hidden) return;
    const past = document.documentElement.hasAttribute("data-past"); // pages that look back stand still
    for (const element of document.querySelectorAll("[data-live]")) {
      if (past && element.closest("[data-looks-back]")) continue;
      const scope = element.closest("[data-scope]")?.dataset.scope, found = find(state, scope, element.dataset.live);
      if (found) put(element, found);
    }
  }

  /* `holdings.BRK.B.day_pnl`: the field is after the last dot, the symbol may have dots of its own. */
  function find(state, scope, path) {
    const portfolio = state.portfolios[scope], cut = path.lastIndexOf("."), field = path.slice(cut + 1);
    if (path.startsWith("quotes.")) {
      const quote = state.quotes[path.slice(7, cut)];
      return quote && { value: quote[field], received: quote.received };
    }
    if (!portfolio || portfolio.gone) return null;
    if (path.startsWith("risk.")) return portfolio.risk && { value: portfolio.risk[field], received: portfolio.received };
    if (cut < 0) return field in portfolio ? { value: portfolio[field], received: portfolio.received } : null;
    const key = path.slice(path.indexOf(".") + 1, cut), row = portfolio.holdings?.[key];
    return row && { value: row[field], received: state.quotes[key]?.received };
  }

  function put(element, { value, received }) {
    const before = element.dataset.v;
    const changed = window.portolan.format.paint(element, value);
    if (received && element.dataset.ts !== String(received)) element.dataset.ts = received;
    if (changed && "flash" in element.dataset && before !== undefined && before !== "") flash(element, Number(value) - Number(before));
  }

  /* A tint behind the number: at most once a second an element, and only in view where much moves. */
  const flashed = new WeakMap();
  let recent = [];

  function flash(element, change) {
    const now = performance.now();
    if (!change || now - (flashed.get(element) ?? -Infinity) < FLASH_PAUSE_MS) return false;
    recent = recent.filter((at) => now - at < 1_000);
    if (recent.length >= BUSY_FLASHES && !inView(element)) return false;
    recent.push(now);
    flashed.set(element, now);
    element.classList.add("flash", change > 0 ? "up" : "down");
    setTimeout(() => element.classList.remove("up", "down"), FLASH_MS);
    return true;
  }

  function inView(element) {
    const box = element.getBoundingClientRect();
    return box.bottom > 0 && box.top < window.innerHeight;
  }

  return { paint };
})();
