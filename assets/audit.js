/* The History page: filters in the address, older entries, and the way back from one. */
window.portolan = window.portolan || {};
window.portolan.audit = (() => {
  const PAGE = "history-page", FILTERS = ["entity", "action", "start", "end"], FIRST = 50, STEP = 100;
  const shell = () => window.portolan.shell, setStore = (id, data) => window.dash_clientside.set_props(id, { data });
  const byId = (id) => document.getElementById(id), none = () => window.dash_clientside.no_update;
  const field = (name) => document.querySelector(`#${PAGE} [data-filter=${name}] [name=${name}]`);
  const page = { asked: null };

  function query(scope, retry, ledger, result, before) {
    if (!scope) return none();
    const address = new URLSearchParams(location.search);
    if (!before) for (const name of FILTERS) put(field(name), address.get(name) || "");
    const kept = before?.scope === scope.portfolio ? before : null;
    const asked = { scope: scope.portfolio, ...read(), entity_id: address.get("entity_id"), limit: kept?.limit || FIRST, retry, done: result?.at ?? null, ledger: JSON.stringify(ledger || {}) };
    page.asked = asked;
    return JSON.stringify(asked) === JSON.stringify(before) ? none() : asked;
  }

  const read = () => Object.fromEntries(FILTERS.map((name) => [name, field(name)?.value || null]));

  /* React keeps the value of its inputs: it has to hear of a change as if it was typed. */
  function put(target, value) {
    if (!target || target.value === value) return;
    const own = target instanceof HTMLSelectElement ? HTMLSelectElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(own.prototype, "value").set.call(target, value);
    target.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function refilter() {
    if (!page.asked) return;
    const asked = { ...page.asked, ...read(), limit: FIRST };
    shell().query({ ...read(), entity_id: asked.entity_id }); // before all else: what is asked already may have come from a tick
    if (JSON.stringify(asked) === JSON.stringify(page.asked)) return;
    page.asked = asked;
    setStore("history-query", asked);
  }

  const act = (data) => setStore("history-action", { ...data, key: shell().key(), at: Date.now() });
  const undo = (entry) => act({ action: "undo", entry });
  const close = () => act({ action: "close" });
  const deeds = {
    undo: (button) => { button.disabled = true; undo(button.dataset.entry); },
    more: () => { page.asked = { ...page.asked, limit: page.asked.limit + STEP }; setStore("history-query", page.asked); },
    clear: () => { for (const name of FILTERS) put(field(name), ""); page.asked.entity_id = null; refilter(); },
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-audit]");
    if (button && !button.disabled) deeds[button.dataset.audit]?.(button);
  });
  let waiting = 0;
  document.addEventListener("input", ({ target }) => {
    if (!target.closest?.(`#${PAGE} [data-filter]`)) return;
    clearTimeout(waiting);
    waiting = setTimeout(refilter, 250);
  });

  window.dash_clientside = Object.assign(window.dash_clientside || {}, { audit: { query } });
  return { undo, close };
})();
