/* Settings of a portfolio: the dialog filled from the directory, saving, deleting, and taking that back. */
window.portolan.portfolio = (() => {
  const DIALOG = "portfolio-settings", FIELDS = ["name", "base_currency", "cost_method", "benchmark", "oversell", "negative_cash", "providers"];
  const shell = () => window.portolan.shell;
  const byId = (id) => document.getElementById(id);
  const form = () => document.querySelector("[data-form=portfolio-settings]");
  const set = (id, data) => window.dash_clientside.set_props(id, { data });
  const chosen = () => shell().directory.portfolios.find((each) => each.id === shell().scope().portfolio);
  let shown = null, removed = null;

  /* A choice that the list lacks is added to it. */
  function write(input, value) {
    if (input instanceof HTMLSelectElement && value && ![...input.options].some((option) => option.value === value)) input.append(new Option(value, value));
    window.portolan.draw.setValue(input, value);
  }

  function open() {
    shown = chosen();
    if (!shown) return;
    for (const name of FIELDS) write(form().elements.namedItem(name), shown[name]);
    say("");
    busy(false);
    shell().open(DIALOG);
  }

  const say = (text) => window.dash_clientside.set_props("portfolio-settings-error", { children: text });
  const busy = (on) => { for (const button of form().querySelectorAll("[type=submit], [data-do=delete-portfolio]")) button.disabled = on; };

  function save(action, portfolio, fields = {}) {
    busy(true);
    set("portfolio-settings-draft", { action, id: portfolio.id, version: portfolio.version, fields, key: shell().key() });
  }

  /* What became of it: saved and deleted close the dialog, a refusal stays under the fields. */
  function done(result) {
    if (!result) return;
    busy(false);
    if (!result.ok) return;
    shell().close(DIALOG);
    byId("portfolio-removed").hidden = result.action !== "remove";
    removed = result.action === "remove" ? result : null;
    if (removed) {
      byId("portfolio-removed-text").textContent = `${result.name} was deleted.`;
      shell().query({ portfolio: null });
    }
    if (result.action === "restore") shell().query({ portfolio: result.id });
    shell().announce(removed ? `${result.name} was deleted` : `${result.name} was saved`);
  }

  const deeds = {
    "portfolio-settings": open,
    "delete-portfolio": () => shown && save("remove", shown),
    "restore-portfolio": () => removed && save("restore", removed),
    "dismiss-removed": () => { byId("portfolio-removed").hidden = true; },
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-do]"), deed = button && deeds[button.dataset.do];
    if (deed) deed();
  });

  document.addEventListener("submit", (event) => {
    if (event.target.dataset.form !== "portfolio-settings" || !shown) return;
    event.preventDefault();
    const typed = Object.fromEntries(new FormData(event.target));
    const changed = Object.fromEntries(FIELDS.filter((name) => typed[name] !== (shown[name] ?? "")).map((name) => [name, typed[name] || null]));
    if (typed.name.trim() === "") changed.name = ""; // the server says what is wrong with it
    if (Object.keys(changed).length) save("change", shown, changed);
    else shell().close(DIALOG);
  });

  window.dash_clientside.portfolio = { done };
  return { open, chosen };
})();
