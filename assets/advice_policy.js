/* Targets and limits: the policy of a portfolio as a form that keeps what one has typed until it is saved. */
window.portolan = window.portolan || {};
window.dash_clientside = window.dash_clientside || {};

window.portolan.advicePolicy = (() => {
  const BODY = "advice-policy-body";
  const byId = (id) => document.getElementById(id), forms = () => window.portolan.adviceForms, shell = () => window.portolan.shell;
  const element = (...given) => window.portolan.draw.element(...given); // it loads later
  const send = (data) => window.dash_clientside.set_props("advice-policy-action", { data: { ...data, at: Date.now() } });
  const page = { sheet: null, dirty: false, once: "" };
  const form = () => byId(BODY)?.querySelector("form"), part = (name) => form()?.querySelector(`[data-part=${name}]`);
  const number = (text) => Number(String(text).trim().replace("\u2212", "-")) || 0;

  /* --------------------------------------------------------------------------------------------------------------- targets */
  function targetRow({ key = "", weight = "", band = "" } = {}) {
    const cell = (name, value, more) => element("input", { class: "input", name, value, autocomplete: "off", ...more });
    const cells = [cell("key", key, { list: "advice-policy-keys", "aria-label": "Target of", placeholder: "cash" }), cell("weight", weight, { inputmode: "decimal", "aria-label": "Weight in percent", placeholder: "0" }),
      cell("band", band, { inputmode: "decimal", "aria-label": "Band in percent points", placeholder: "as below" }), forms().press("×", "quiet", { "data-policy": "drop", "aria-label": "Take this target off" })];
    return element("div", { class: "target-row field" }, ...cells, element("span", { class: "hint" }));
  }

  /* Rows are named by their place, as errors name them. */
  function name() {
    const rows = [...part("targets").querySelectorAll(".target-row")];
    rows.forEach((row, place) => { row.dataset.field = `targets[${place}]`; });
    const total = rows.reduce((whole, row) => whole + number(row.querySelector("[name=weight]").value), 0), told = part("sum");
    told.textContent = window.portolan.format.number(total, { decimals: 2, least: 0 });
    told.classList.toggle("bad", rows.length > 0 && Math.abs(total - 100) > 0.005);
    const by = form().querySelector("[name=targets_by]").value;
    part("own").hidden = !by || by === "model";
    part("of-model").hidden = by !== "model";
    byId("advice-policy-keys").replaceChildren(...(page.sheet.keys[by] || []).map((key) => element("option", { value: key })));
  }

  function targets(sheet) {
    const { field, press } = forms(), choice = { name: "targets_by", label: "Targets by", kind: "choice", value: sheet.by, options: sheet.bys };
    const heads = element("div", { class: "target-row heads" }, ...["Of", "Weight %", "Band ± points", ""].map((word) => element("span", { class: "soft" }, word)));
    const sum = element("div", { class: "acts part-sum" }, press("Add a target", "quiet", { "data-policy": "add" }), press("Rest to cash", "quiet", { "data-policy": "rest" }), element("span", { class: "grow" }), element("span", { class: "soft num" }, "Sum ", element("b", { "data-part": "sum" }, "0"), "\u202f%"));
    const own = element("div", { "data-part": "own" }, heads, element("div", { "data-part": "targets", class: "target-rows" }, ...sheet.targets.map(targetRow)), sum, element("div", { class: "field", "data-field": "targets" }, element("span", { class: "hint" })));
    const laid = element("dl", { class: "kv" }, ...sheet.resolved.flatMap((each) => [element("dt", {}, each.key), element("dd", { class: "num" }, each.weight)]));
    const models = [["", sheet.models.length ? "Choose one" : "There is no blend and no other portfolio"], ...sheet.models];
    const model = element("div", { "data-part": "of-model", class: "stacked" }, field({ name: "model", label: "Model portfolio", kind: "choice", value: sheet.model, options: models, hint: "Its weights as they are now" }), laid);
    return forms().panel("Targets", "percent of the value, cash included", element("div", { class: "stacked" }, field(choice), own, model, element("div", { class: "fields" }, ...sheet.bands.map(field)), element("datalist", { id: "advice-policy-keys" })));
  }

  /* ------------------------------------------------------------------------------------------------------------------ form */
  const section = (told) => forms().panel(told.title, told.note, element("div", { class: "fields" }, ...told.fields.map(forms().field)));

  function rules(sheet) {
    const own = sheet.thresholds.filter((each) => each.value !== "").length, off = sheet.rules.filter((each) => !each.on).length;
    const asked = element("div", { class: "rule-flags" }, ...sheet.rules.map((each) => element("label", { class: "flag" }, element("input", { type: "checkbox", name: "rule", value: each.key, checked: each.on }), ` ${each.label}`)));
    const limits = element("details", {}, element("summary", {}, `Thresholds, ${own ? `${own} of them your own` : "as the house has them"}`), element("div", { class: "fields thresholds" }, ...sheet.thresholds.map(forms().field)));
    const which = element("details", {}, element("summary", {}, `Rules that are asked, ${off ? `${off} are off` : "all of them"}`), asked, element("div", { class: "field", "data-field": "off" }, element("span", { class: "hint" })));
    return forms().panel("Rules", "when a suggestion is made", element("div", { class: "stacked" }, limits, which));
  }

  function draw(sheet) {
    Object.assign(page, { sheet, dirty: false, once: shell().key() });
    const [limits, costs, goals] = sheet.sections.map(section), { notice, press, panel } = forms();
    const groups = panel("Limits of groups", "percent of the value", window.portolan.adviceGroups.editor({ name: "constraints.groups", rows: sheet.groups, groupings: sheet.groupings, keys: sheet.keys }));
    const acts = element("div", { class: "acts save-bar" }, element("button", { type: "submit", class: "ctl primary" }, "Save"), ...(sheet.version ? [press("Undo the last change", "quiet", { "data-policy": "undo" })] : []), press("Start over", "quiet", { "data-policy": "again" }), element("span", { class: "dim", "data-part": "changed" }, `${sheet.name}: ${sheet.changed}`));
    const left = element("div", { class: "c8 stacked" }, targets(sheet), limits, groups, costs), right = element("div", { class: "c4 stacked beside" }, goals, rules(sheet));
    const told = element("div", { class: "notices", "data-part": "told" }, ...sheet.findings.map((each) => notice("warn", each)));
    byId(BODY).replaceChildren(element("form", { class: "policy-form", novalidate: true, "aria-label": "Targets and limits" }, told, element("div", { class: "cols" }, left, right), acts));
    name();
  }

  /* A card names the limit that it goes by, and the address carries it here. */
  function pointed() {
    const wanted = new URLSearchParams(location.search).get("limit"), field = wanted && form()?.querySelector(`[data-field="${CSS.escape(wanted)}"]`);
    if (!field || page.pointed === field) return;
    page.pointed = field;
    field.closest("details")?.setAttribute("open", "");
    field.scrollIntoView({ block: "center" });
    field.querySelector("input, select")?.focus({ preventScroll: true });
    field.classList.add("is-meant");
    setTimeout(() => field.classList.remove("is-meant"), 2400);
  }

  function drawn(sheet) {
    if (!sheet || !byId(BODY)) return;
    if (sheet.state === "ready") { if (!(form() && page.sheet.portfolio === sheet.portfolio && (page.dirty || page.sheet.version === sheet.version))) draw(sheet); requestAnimationFrame(pointed); return; } // what is typed stays
    page.dirty = false;
    byId(BODY).replaceChildren(sheet.state === "choose" ? forms().choose("Targets and limits", sheet.portfolios) : forms().failed("Targets and limits", sheet.message));
  }

  function read() {
    const told = forms().read(form()), by = told.targets_by, percent = (own) => forms().value("percent", own);
    if (by !== "model") delete told.model;
    const rows = by && by !== "model" ? [...part("targets").querySelectorAll(".target-row")] : [];
    told.targets = rows.map((row) => Object.fromEntries(["key", "weight", "band"].map((each) => { const own = row.querySelector(`[name=${each}]`); return [each, each === "key" ? own.value.trim() || null : percent(own)]; })));
    (told.constraints ??= {}).groups = window.portolan.adviceGroups.read(form());
    told.off = [...form().querySelectorAll("[name=rule]:not(:checked)")].map((each) => each.value);
    return told;
  }

  /* "targets[2].weight" is told at the row, where no field has the whole name. */
  const placed = (errors) => errors.map((each) => ({ ...each, field: each.field.replace(/^((?:targets|constraints\.groups)\[\d+\])\..*$/, "$1").replace(/^(off|constraints\.excluded)\[\d+\].*$/, "$1") }));

  function acted(result) {
    if (!result || !form()) return;
    for (const button of form().querySelectorAll("button")) button.disabled = false;
    page.once = shell().key(); // what is sent next is another request
    if (result.ok) {
      draw(result.sheet);
      part("told").replaceChildren(forms().notice("info", result.action === "undo" ? "Taken back." : "Saved.", "Suggestions and rebalancing go by it from now on."));
      window.dash_clientside.set_props("advice-retry", { data: Date.now() });
      return;
    }
    const free = forms().wrong(form(), placed(result.errors));
    part("told").replaceChildren(forms().notice("crit", "Not saved.", free.join(" ") || "What is wrong stands at its field."));
    if (free.length) part("told").scrollIntoView({ block: "center" });
  }

  function save() {
    for (const button of form().querySelectorAll(".save-bar button")) button.disabled = true;
    send({ action: "put", portfolio: page.sheet.portfolio, version: page.sheet.version, fields: read(), once: page.once });
  }

  function rest() {
    const rows = [...part("targets").querySelectorAll(".target-row")], cash = rows.find((row) => row.querySelector("[name=key]").value.trim().toLowerCase() === "cash") || part("targets").appendChild(targetRow({ key: "cash" }));
    const own = cash.querySelector("[name=weight]"), others = rows.filter((row) => row !== cash).reduce((sum, row) => sum + number(row.querySelector("[name=weight]").value), 0);
    own.value = String(+(100 - others).toFixed(6));
  }

  const deeds = {
    add: () => part("targets").appendChild(targetRow()).querySelector("input").focus(),
    drop: (button) => button.closest(".target-row").remove(), rest,
    again: () => draw(page.sheet),
    undo: () => send({ action: "undo", portfolio: page.sheet.portfolio, once: page.once }),
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-policy]"), deed = button?.dataset.policy;
    if (!button || !form()) return;
    deeds[deed](button);
    if (["add", "drop", "rest"].includes(deed)) { page.dirty = true; name(); }
  });
  document.addEventListener("submit", (event) => { if (event.target.closest?.(`#${BODY}`)) { event.preventDefault(); save(); } });
  document.addEventListener("input", (event) => { if (!event.target.closest?.(`#${BODY} form`)) return; page.dirty = true; name(); });

  Object.assign(window.dash_clientside, { advicePolicy: { drawn, acted } });
  return { draw, forget: () => { page.pointed = null; } };
})();
