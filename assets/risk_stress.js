/* The Stress section of the Risk page: which bar is chosen and which loss is asked for stand in the address; scenarios come and go by REST,
   and the sheet tries them while one types. Figures come from the server. */
window.portolan = window.portolan || {};
window.dash_clientside = window.dash_clientside || {};

window.portolan.riskStress = (() => {
  const API = "/api/v1", SHEET = "risk-stress-sheet", PAUSE_MS = 350;
  const { element } = window.portolan.draw, format = window.portolan.format, shell = () => window.portolan.shell;
  const TARGETS = [["all", "Everything"], ["benchmark", "Benchmark"], ["factor", "Factor (an instrument)"], ["sector", "Sector"], ["asset_class", "Class"], ["country", "Country"],
    ["instrument", "Instrument"], ["currency", "Currency"], ["rate", "Interest rate"]];
  const NAMELESS = new Set(["all", "benchmark"]);
  const state = { choices: null, editing: null, undo: null, turn: 0, count: 0 };
  const section = () => document.getElementById("risk-stress"), byId = (id) => document.getElementById(id);
  const part = (name) => section()?.querySelector(`[data-part="${name}"]`);
  const icon = (name) => element("i", { class: "ico s", "data-icon": name, "aria-hidden": "true" });
  const changed = () => window.dash_clientside.set_props("risk-stress-changed", { data: (state.count += 1) });

  /* --------------------------------------------------------------------------------------------------------------- asking */
  async function ask(path, { method = "GET", body, version, kept = true } = {}) {
    const headers = { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...(version ? { "If-Match": `"${version}"` } : {}), ...(method === "GET" || !kept ? {} : { "Idempotency-Key": shell().key() }) };
    let answer;
    try {
      answer = await fetch(API + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    } catch {
      throw new Error("The server does not answer. Try again in a moment.");
    }
    const told = answer.status === 204 ? null : await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error([told.detail || "Something went wrong on our side.", told.context?.hint].filter(Boolean).map((text) => text.replace(/\.$/, "")).join(". ") + "."), { problem: told });
    return told;
  }

  async function trying(work) {
    try {
      return await work();
    } catch (error) {
      say(error.message);
      return undefined;
    }
  }

  function say(text, undo = null, word = "Undo") {
    const box = part("stress-done");
    if (!box) return;
    state.undo = undo;
    const back = undo ? [element("button", { class: "ctl quiet", type: "button", "data-do": "scenario-undo" }, icon("undo"), word)] : [];
    box.replaceChildren(...(text ? [element("span", {}, text), ...back, element("span", { class: "grow" }), element("button", { class: "ctl quiet", type: "button", "data-do": "scenario-hush" }, "Close")] : []));
    if (text) shell().announce(text);
  }

  /* ------------------------------------------------------------------------------------------------------------ scenarios */
  const scenarioOf = (id) => state.choices?.scenarios.find((each) => each.id === id);

  const remove = (id) => trying(async () => {
    const scenario = scenarioOf(id);
    await ask(`/scenarios/${id}`, { method: "DELETE", version: scenario.version });
    say(`Removed: ${scenario.name}.`, id);
    changed();
  });

  const undo = () => state.undo && trying(async () => {
    const id = state.undo, told = await ask(`/scenarios/${id}/undo`, { method: "POST" });
    say(told ? `${told.name}: as it was before.` : "The scenario is gone again.", id, "Redo");
    changed();
  });

  async function save(form) {
    const draft = sent(form), { editing } = state;
    mark(form, []);
    try {
      const told = editing ? await ask(`/scenarios/${editing.id}`, { method: "PATCH", body: draft, version: editing.version }) : await ask("/scenarios", { method: "POST", body: draft });
      byId(SHEET).close();
      say(`${editing ? "Saved" : "Added"}: ${told.name}.`, told.id);
      shell().query({ stress: `s.${told.id}` });
      changed();
    } catch (error) {
      mark(form, error.problem?.context?.errors || [], error);
    }
  }

  /* ---------------------------------------------------------------------------------------------------------------- sheet */
  const field = (name, label, control) => element("label", { class: "field", "data-field": name }, element("span", { class: "soft" }, label), control, element("span", { class: "hint bad", role: "alert" }));
  const select = (name, options, value, label) => element("select", { class: "input", name, "aria-label": label }, ...options.map(([key, word]) => element("option", { value: key, selected: key === value }, word)));

  function shockRow(shock) {
    const row = element("div", { class: "shock", "data-shock": "" });
    paintShock(row, shock);
    return row;
  }

  function paintShock(row, { target, name, size }) {
    const words = state.choices?.choices?.[target] || [], list = `scenario-${target}`;
    const named = element("input", { class: "text-input", name: "name", value: name || "", list: words.length ? list : null, placeholder: target === "rate" ? "all currencies" : words[0] || "", "aria-label": "Which", autocomplete: "off", disabled: NAMELESS.has(target) });
    const sized = element("span", { class: "with-unit" }, element("input", { class: "text-input", name: "size", value: size ?? "", inputmode: "decimal", "aria-label": "By", placeholder: target === "rate" ? "1" : "-20", autocomplete: "off" }), element("span", { class: "unit" }, target === "rate" ? "points" : "%"));
    row.replaceChildren(select("target", TARGETS, target, "What is shocked"), named, sized,
      element("button", { class: "tool", type: "button", "data-do": "shock-remove", title: "Remove this line", "aria-label": "Remove this line" }, icon("close")), element("p", { class: "hint bad", role: "alert" }));
  }

  function lists() {
    return Object.entries(state.choices?.choices || {}).map(([target, words]) => element("datalist", { id: `scenario-${target}` }, ...words.map((word) => element("option", { value: word }))));
  }

  const percent = (fraction) => String(Number((fraction * 100).toFixed(10)));

  function open(scenario = null) {
    state.editing = scenario;
    shell().open(SHEET);
    const form = part("scenario-form"), given = scenario || { name: "", note: "", overlap: "specific", shocks: [{ target: "all", name: "", size: -0.2 }] };
    form.replaceChildren(
      field("name", "Name", element("input", { class: "text-input", name: "title", value: given.name, maxlength: 80, autocomplete: "off", placeholder: "Oil doubles" })),
      element("div", { class: "shocks", "data-part": "shocks" }, ...given.shocks.map((shock) => shockRow({ ...shock, size: percent(shock.size) }))),
      element("div", { class: "acts" }, element("button", { class: "ctl quiet", type: "button", "data-do": "shock-add" }, icon("plus"), "Another shock"), element("span", { class: "grow" }),
        select("overlap", [["specific", "The narrowest shock counts"], ["compound", "Shocks compound"]], given.overlap, "Where shocks meet")),
      field("note", "Note", element("input", { class: "text-input", name: "note", value: given.note || "", maxlength: 400, autocomplete: "off" })),
      element("div", { class: "trial", "aria-live": "polite", "data-part": "scenario-trial" }, element("span", { class: "dim" }, "What it would cost stands here.")),
      element("p", { class: "hint bad", role: "alert", "data-part": "scenario-refused" }),
      element("div", { class: "acts end" }, element("button", { class: "ctl quiet", type: "button", "data-do": "close" }, "Cancel"), element("button", { class: "ctl primary", type: "submit" }, scenario ? "Save" : "Add")),
      ...lists(),
    );
    byId(`${SHEET}-title`).textContent = scenario ? "Change scenario" : "New scenario";
    form.querySelector("[name=title]").focus();
    trial();
  }

  /* What is typed as percent or points is sent as a fraction; what is no number is sent as it is, and refused with its line. */
  function fraction(text) {
    const number = Number(text.trim().replace(format.MINUS, "-").replace(",", "."));
    return text.trim() && Number.isFinite(number) ? Number((number / 100).toFixed(12)) : text.trim() || null;
  }

  function sent(form) {
    const shocks = [...form.querySelectorAll("[data-shock]")].map((row) => ({ target: row.querySelector("[name=target]").value, name: row.querySelector("[name=name]").value.trim() || null, size: fraction(row.querySelector("[name=size]").value) }));
    return { name: form.querySelector("[name=title]").value.trim(), note: form.querySelector("[name=note]").value.trim() || null, overlap: form.querySelector("[name=overlap]").value, shocks };
  }

  function mark(form, errors, error = null) {
    for (const label of form.querySelectorAll("[data-field], [data-shock]")) { label.classList.remove("bad"); label.querySelector(".hint").textContent = ""; }
    const rows = form.querySelectorAll("[data-shock]"), rest = [], context = error?.problem?.context;
    const all = errors.length ? errors : error ? [{ field: context?.field, row: context?.row, message: error.message }] : [];
    for (const each of all) {
      const place = each.row ? rows[each.row - 1] : form.querySelector(`[data-field="${each.field}"]`), text = [each.message.replace(/^(row \d+, )?\w+: /, ""), each.hint].filter(Boolean).join(" ");
      if (place) { place.classList.add("bad"); place.querySelector(".hint").textContent = text; } else rest.push(text);
    }
    part("scenario-refused").textContent = rest.join(" ");
  }

  let typing = 0;
  function trial() {
    clearTimeout(typing);
    typing = setTimeout(tryNow, PAUSE_MS);
  }

  async function tryNow() {
    const form = part("scenario-form"), box = part("scenario-trial");
    if (!form?.querySelector("[data-shock]") || !box) return;
    const { shocks, overlap } = sent(form), turn = (state.turn += 1);
    mark(form, []);
    if (shocks.some((shock) => shock.size === null || (!shock.name && !NAMELESS.has(shock.target) && shock.target !== "rate"))) return;
    try {
      const told = await ask(`/portfolios/${state.choices?.scope || "all"}/stress`, { method: "POST", body: { shocks, overlap }, kept: false });
      if (turn === state.turn && box.isConnected) paintTrial(box, told);
    } catch (error) {
      if (turn === state.turn && box.isConnected) { mark(form, error.problem?.context?.errors || [], error); box.replaceChildren(element("span", { class: "dim" }, "It cannot be tried as it stands.")); }
    }
  }

  function paintTrial(box, told) {
    const worst = told.holdings.filter((row) => row.contribution_money < 0).sort((a, b) => a.contribution_money - b.contribution_money).slice(0, 3);
    const amount = `${format.money(-told.loss_money, { signed: true, decimals: 0 })} ${state.choices?.currency || ""}`;
    box.replaceChildren(element("b", { "data-part": "scenario-amount" }, amount), element("span", { class: "soft" }, ` ${format.percent(-told.loss, { decimals: 1 })} of the value`),
      worst.length ? element("span", { class: "dim" }, ` Most by ${worst.map((row) => row.symbol.replace("cash:", "")).join(", ")}.`) : "", ...told.findings.map((finding) => element("p", { class: "hint" }, finding.message)));
  }

  /* -------------------------------------------------------------------------------------------------- presses and choices */
  function onClick(event) {
    if (!event.target.closest?.("#risk-stress")) return;
    const bar = event.target.closest("[data-stress]"), loss = event.target.closest("[data-stress-loss]"), deed = event.target.closest("[data-do]"), row = event.target.closest("[data-shock]");
    if (loss) shell().query({ loss: loss.dataset.stressLoss || null });
    else if (bar) shell().query({ stress: bar.dataset.stress });
    else if (deed) ({ "scenario-new": () => open(), "scenario-edit": () => open(scenarioOf(deed.dataset.scenario)), "scenario-remove": () => remove(deed.dataset.scenario), "scenario-undo": undo, "scenario-hush": () => say(""),
      "shock-add": () => { part("shocks").append(shockRow({ target: "sector", name: "", size: "" })); }, "shock-remove": () => { if (part("shocks").children.length > 1) row.remove(); trial(); } })[deed.dataset.do]?.();
  }

  function onInput(event) {
    if (!event.target.closest?.("#risk-stress form")) return;
    const row = event.target.closest("[data-shock]");
    if (event.target.name === "target" && row) paintShock(row, { target: event.target.value, name: "", size: row.querySelector("[name=size]").value });
    trial();
  }

  document.addEventListener("click", onClick);
  document.addEventListener("input", onInput);
  document.addEventListener("change", (event) => { if (event.target.matches?.("#risk-stress [data-stress-within]")) shell().query({ within: event.target.value || null }); });
  document.addEventListener("submit", (event) => { if (event.target.matches?.("#risk-stress form")) { event.preventDefault(); save(event.target); } });

  return { state };
})();

/* ---------------------------------------------------------- called by Dash */
window.dash_clientside.riskStress = (() => {
  const none = () => window.dash_clientside.no_update, { state } = window.portolan.riskStress;
  let count = 0;
  const without = (data) => JSON.stringify({ ...data, n: 0 });
  const moved = (ledger, read) => Object.entries(ledger || {}).some(([id, revision]) => id in (read?.revisions || {}) && read.revisions[id] !== revision);

  return {
    /* Give what is asked for now, or nothing where the tab is not open, or the same was asked before and no ledger has moved. */
    ask(_search, scope, ledger, _retry, _changed, read, before) {
      const address = new URLSearchParams(location.search), causes = window.dash_clientside.callback_context.triggered.map((each) => each.prop_id.split(".")[0]);
      if (!scope || address.get("tab") !== "stress") return none();
      const asked = { portfolio: scope.portfolio, past: Boolean(scope.as_of || scope.known_at), ...Object.fromEntries(["benchmark", "stress", "loss", "within"].map((name) => [name, address.get(name)])) };
      const same = before && without(asked) === without(before), quiet = causes.every((cause) => !["risk-retry", "risk-stress-changed"].includes(cause));
      return same && quiet && !moved(ledger, read) ? none() : { ...asked, n: (count += 1) };
    },
    keep(choices) { state.choices = choices; },
  };
})();
