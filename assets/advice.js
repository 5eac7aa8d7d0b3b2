/* The Recommendations page: tabs in the address, presses and keys on cards, and the small form that puts one aside. */
window.portolan = window.portolan || {};
window.dash_clientside = window.dash_clientside || {};

window.portolan.advice = (() => {
  const PAGE = "advice-page", FIRST = "suggestions";
  const UNTIL = [["30", "for 30 days"], ["90", "for 90 days"], ["365", "for a year"], ["", "for good"]];
  const byId = (id) => document.getElementById(id), none = () => window.dash_clientside.no_update;
  const shell = () => window.portolan.shell, store = (id, data) => window.portolan.grid.setStore(id, data);
  const element = (...given) => window.portolan.draw.element(...given); // it loads later
  const LOOK_MS = 1_500, page = { at: 0, keyed: false, timer: 0, n: 0 };
  const tab = () => { const asked = new URLSearchParams(location.search).get("tab"); return document.querySelector(`#${PAGE} [data-pane="${asked}"]`) ? asked : FIRST; };

  const own = { tab, scope: "" };

  function query(scope, retry, ledger, result, _search, before) {
    if (!scope || !byId(PAGE)) return none();
    paint();
    const done = result?.ok && result.action !== "close" ? result.at : before?.done ?? null;
    own.scope = scope.portfolio;
    const asked = { scope: scope.portfolio, show: tab(), retry: retry ?? null, done, ledger: JSON.stringify(ledger || {}) };
    return JSON.stringify(asked) === JSON.stringify(before) ? none() : asked;
  }

  /* Panes that another tab shows are hidden by the page's data-tab, see advice.css. */
  function paint() {
    const now = tab();
    byId(PAGE).dataset.tab = now;
    for (const pane of document.querySelectorAll(`#${PAGE} > .pane`)) pane.hidden = pane.dataset.pane !== now;
    for (const button of document.querySelectorAll(`#${PAGE} > .title [data-tab]`)) {
      const chosen = button.dataset.tab === now, line = button.parentElement;
      if (chosen && button.getAttribute("aria-pressed") !== "true") requestAnimationFrame(() => { line.scrollLeft += button.getBoundingClientRect().left - line.getBoundingClientRect().left - (line.clientWidth - button.offsetWidth) / 2; }); // narrow screens show some of them
      button.setAttribute("aria-pressed", String(chosen));
    }
  }

  function acted(result) {
    if (result?.ok && result.action !== "close") window.dash_clientside.set_props("directory-changed", { data: Date.now() });
    if (!result?.ok) for (const form of document.querySelectorAll(`#${PAGE} .put-aside[data-sent]`)) delete form.dataset.sent; // refused: it stays to be mended
    for (const button of document.querySelectorAll(`#${PAGE} [data-busy]`)) { button.disabled = false; delete button.dataset.busy; }
  }

  /* ------------------------------------------------------------------------------------------------------------------ cards */
  const change = (each) => [...(each.before ? [element("s", {}, each.before), element("em", {}, "→")] : []), element("span", {}, each.text), ...(each.unit ? [element("span", { class: "unit" }, each.unit)] : [])];
  const pair = (label, ...told) => element("div", {}, element("dt", {}, label), element("dd", {}, ...told));
  const press = (word, look, deed, card, more = {}) => element("button", { type: "button", class: `ctl ${look}`, "data-advice": deed, "data-key": card.key, "data-portfolio-of": card.portfolio, ...more }, word);

  function trades(card) {
    const row = (each) => {
      const [quantity, price, ...rest] = each.cells, name = element("div", { class: "inst" }, element("span", { class: "side" }, each.side), element("b", {}, each.symbol));
      return element("tr", { title: each.why }, element("td", { class: "l" }, name), element("td", {}, quantity), element("td", {}, price, element("span", { class: "unit" }, each.currency)), ...rest.map((text) => element("td", {}, text)));
    };
    const head = element("tr", {}, ...card.heads.map((name, place) => element("th", { class: place ? "" : "l" }, name)));
    const foot = element("tr", {}, ...card.sum.map((text, place) => element("td", { class: place ? "" : "l" }, text)));
    return element("div", { class: "scroll ruled" }, element("table", { class: "grid-t trades" }, element("thead", {}, head), element("tbody", {}, ...card.trades.map(row)), element("tfoot", {}, foot)));
  }

  /* What the fix would have done in windows of the past: a bar is a twentieth of them, the worst first. */
  function evidenceOf(tried) {
    if (!tried) return null;
    if (tried.state !== "ready") {
      const bar = tried.moving ? [element("progress", { max: tried.total || 1, value: tried.total ? tried.done : null, "aria-label": "How far it is" })] : [];
      return element("div", { class: "tried-on" }, element("span", { class: "caps" }, "On the past"), element("span", { class: "dim" }, tried.sentence), ...bar);
    }
    const bars = tried.bars.map((part) => element("i", { class: part < 0 ? "loss" : "gain", style: `--h:${Math.max(Math.abs(part) * 100, 3)}%` }));
    const head = element("div", { class: "line" }, element("span", { class: "caps" }, "On the past"), element("b", {}, tried.sentence), element("span", { class: `tag ${tried.kind}` }, tried.word));
    return element("div", { class: "tried-on" }, head, element("div", { class: "with-bars" },
      element("div", { class: "windows", role: "img", "aria-label": "Difference to doing nothing over a year, a bar for each twentieth of the windows, the worst first" }, ...bars),
      element("dl", { class: "effect" }, ...tried.pairs.map((each) => pair(each.label, ...change(each))))), element("span", { class: "dim", title: tried.method }, tried.note));
  }

  function drawCard(card, place) {
    const heading = element("div", { class: "heading" }, element("h3", {}, card.title), element("span", { class: `tag ${card.kind}` }, card.word), ...(card.owner ? [element("span", { class: "dim" }, card.owner)] : []));
    const evidence = card.evidence.map((each) => pair(each.label, element("span", {}, each.text), ...(each.limit ? [element("span", { class: "dim" }, each.limit)] : [])));
    const words = element("div", { class: "advice" }, heading, element("p", {}, card.reason), ...(evidence.length ? [element("dl", { class: "effect evidence-of" }, ...evidence)] : []),
      element("p", {}, element("b", {}, card.fix)), ...(card.effect.length ? [element("dl", { class: "effect" }, ...card.effect.map((each) => pair(each.label, ...change(each))))] : []),
      element("div", { "data-part": "tried" }, evidenceOf(card.tried)), ...(card.wrong ? [element("p", { class: "wrong-if" }, element("span", { class: "dim" }, "Wrong if: "), card.wrong)] : []));
    const count = card.trades.length, draft = count ? [press(`Draft ${count} ${count === 1 ? "order" : "orders"}`, place ? "" : "primary", "draft", card)] : [];
    const way = card.way && !count ? [card.way.page ? element("a", { class: "ctl", href: card.way.page, "data-nav": card.way.page }, card.way.word) : press(card.way.word, "", "way", card, { "data-tab-of": card.way.tab })] : [];
    const limits = card.limits.map((each) => element("button", { type: "button", class: "limit", title: "Change it in the policy", "data-advice": "limit", "data-field-of": each.field, "data-portfolio-of": card.portfolio }, each.text));
    const acts = element("div", { class: "acts ruled" }, ...draft, ...way, press("Done", "quiet", "done", card), press("Dismiss", "quiet", "ask", card, { "aria-expanded": "false" }), element("span", { class: "rule-of dim" }, `Rule: ${card.rule}`, ...limits));
    return element("article", { class: "panel suggestion", tabindex: "0", "aria-label": card.title, "data-key": card.key, "data-of": card.portfolio }, words, ...(count ? [trades(card)] : []), acts);
  }

  /* A form that is being filled in goes over to the new card of the same suggestion: an answer may come while one types. */
  function drawn(cards) {
    const body = byId("advice-body"), typed = document.activeElement, open = [...(body?.querySelectorAll(".put-aside") || [])].map((form) => [form.closest(".suggestion"), form]);
    body?.replaceChildren(...(cards || []).map(drawCard));
    for (const [{ dataset }, form] of open) {
      const card = [...body.children].find((each) => each.dataset.key === dataset.key && each.querySelector("[data-portfolio-of]")?.dataset.portfolioOf === form.dataset.of), acts = card?.querySelector(".acts");
      if (!acts || form.dataset.sent) continue;
      acts.after(form);
      acts.querySelector('[data-advice="ask"]').setAttribute("aria-expanded", "true");
      if (form.contains(typed)) typed.focus({ preventScroll: true });
    }
    if (page.keyed) focusCard(page.at);
    lookAgain(cards || []);
  }

  /* Fixes are tried on the past by a job: what is still at it is asked for again, and put into the cards that stand. */
  function lookAgain(list) {
    clearTimeout(page.timer);
    if (!list.some((card) => card.tried?.moving)) return;
    page.timer = setTimeout(() => { if (byId(PAGE) && own.scope) store("advice-tried-asked", { scope: own.scope, n: (page.n += 1) }); }, LOOK_MS);
  }

  function triedNow(answer) {
    if (!byId(PAGE) || answer?.n !== page.n) return;
    for (const each of answer.cards) {
      const place = document.querySelector(`#advice-body [data-key="${CSS.escape(each.key)}"][data-of="${each.portfolio}"] [data-part="tried"]`);
      if (place) place.replaceChildren(...[evidenceOf(each.tried)].filter(Boolean));
    }
    lookAgain(answer.cards);
  }

  /* ----------------------------------------------------------------------------------------------------------- presses and keys */
  const of = ({ dataset }) => ({ key: dataset.key, portfolio: dataset.portfolioOf, proposal: dataset.proposal, version: dataset.version });
  const act = (action, data = {}) => store("advice-action", { action, ...data, once: shell().key(), at: Date.now() });
  const send = (action) => (button) => { button.disabled = true; button.dataset.busy = ""; act(action, of(button)); };

  /* The form stands in the card's foot: why, and until when. */
  function ask(button) {
    const open = button.closest(".acts").nextElementSibling;
    button.setAttribute("aria-expanded", String(!open));
    if (open) { open.remove(); return; }
    const reason = element("input", { class: "text-input", name: "reason", maxlength: "500", placeholder: "Why (optional)", "aria-label": "Why", autocomplete: "off" });
    const until = element("select", { class: "input", name: "days", "aria-label": "Until when" }, ...UNTIL.map(([value, word]) => element("option", { value }, word)));
    const form = element("form", { class: "put-aside ruled", "data-of": button.dataset.portfolioOf }, reason, until, element("button", { type: "submit", class: "ctl" }, "Dismiss"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      form.dataset.sent = "yes";
      act("dismiss", { ...of(button), reason: reason.value.trim() || null, days: until.value });
    });
    button.closest(".acts").after(form);
    reason.focus();
  }

  /* To another tab, of the portfolio that it is about: a suggestion among those of all portfolios is mended in its own. */
  const visit = (tab, { dataset }, more = {}) => shell().query({ limit: null, rule: null, ...(dataset.portfolioOf ? { portfolio: dataset.portfolioOf } : {}), tab, ...more });
  const way = (button) => visit(button.dataset.tabOf, button, button.dataset.tabOf === "rules" ? { portfolio: new URLSearchParams(location.search).get("portfolio"), rule: button.dataset.key.replace(/^own-/, "") } : {});
  const limit = (button) => { window.portolan.advicePolicy.forget(); visit("policy", button, { limit: button.dataset.fieldOf }); };

  const deeds = { way, limit, draft: send("draft"), done: send("done"), undo: send("undo"), confirm: send("confirm"), reject: send("reject"), "take-back": send("take-back"), ask, close: () => act("close") };
  const cards = () => [...document.querySelectorAll(`#${PAGE} .suggestion`)];

  function focusCard(at) {
    const found = cards();
    if (!found.length) return;
    page.at = Math.max(0, Math.min(at, found.length - 1));
    found[page.at].focus({ preventScroll: true });
    found[page.at].scrollIntoView({ block: "nearest" });
  }

  const pressed = (deed) => { const button = cards()[page.at]?.querySelector(`[data-advice="${deed}"]`); if (button && !button.disabled) button.click(); };
  const keys = {
    j: () => focusCard(document.activeElement?.classList.contains("suggestion") ? page.at + 1 : page.at),
    k: () => focusCard(page.at - 1),
    a: () => pressed("draft"),
    d: () => pressed("ask"),
    u: () => document.querySelector('#advice-done [data-advice="undo"]')?.click(),
  };

  document.addEventListener("click", (event) => {
    const chosen = event.target.closest?.(`#${PAGE} > .title [data-tab]`);
    if (chosen) { shell().query({ tab: chosen.dataset.tab === FIRST ? null : chosen.dataset.tab, limit: null, rule: null }); setTimeout(() => byId(PAGE) && paint()); return; }
    const button = event.target.closest?.("[data-advice]");
    if (button) page.keyed = false;
    if (button && !button.disabled) deeds[button.dataset.advice]?.(button);
  });

  let went = -Infinity; // when g was pressed: the next letter names a page, and must draft nothing here
  document.addEventListener("keydown", (event) => {
    const after = performance.now() - went < 1200;
    went = event.key === "g" ? performance.now() : -Infinity;
    if (after || !byId(PAGE) || tab() !== FIRST || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest?.("input, textarea, select") || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
    page.keyed = true;
  });

  document.addEventListener("focusin", ({ target }) => { const at = target.classList?.contains("suggestion") ? cards().indexOf(target) : -1; if (at >= 0) page.at = at; });

  Object.assign(window.dash_clientside, { advice: { query, drawn, acted, triedNow } });
  return own;
})();
