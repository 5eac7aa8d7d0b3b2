/* Your rules, on the Recommendations page: listed, written, tried on history, switched, changed, removed and brought back. They come and go by REST. */
window.portolan = window.portolan || {};
window.dash_clientside = window.dash_clientside || {};

window.portolan.adviceRules = (() => {
  const API = "/api/v1", BODY = "advice-rules-body", PAUSE_MS = 400;
  const GRAVITY = [["info", "worth a look"], ["warning", "worth doing"], ["error", "urgent"]];
  const STATES = { fired: ["warn", "spoke"], quiet: ["ok", "quiet"], unknown: ["", "not known"], off: ["", "off"] };
  const FRESH = { name: "", expression: "", severity: "info", fix: "", active: false };
  const element = (...given) => window.portolan.draw.element(...given), text = () => window.portolan.adviceRulesText, forms = () => window.portolan.adviceForms, shell = () => window.portolan.shell; // they load later
  const state = { root: null, rules: null, portfolios: [], ready: null, runs: {}, query: null, editing: null, undo: null, turn: 0, timer: 0, pendingFocus: null };
  const byId = (id) => document.getElementById(id), body = () => byId(BODY), part = (name) => body()?.querySelector(`[data-part="${name}"]`), form = () => body()?.querySelector("form[data-form=own-rule]");
  const icon = (name) => element("i", { class: "ico s", "data-icon": name, "aria-hidden": "true" });
  const shown = () => body() && state.query?.show === "rules";

  /* --------------------------------------------------------------------------------------------------------------- asking */
  async function ask(path, { method = "GET", sent, version } = {}) {
    const headers = { ...(sent === undefined ? {} : { "Content-Type": "application/json" }), ...(version ? { "If-Match": `"${version}"` } : {}), ...(method === "GET" ? {} : { "Idempotency-Key": shell().key() }) };
    let answer;
    try {
      answer = await fetch(API + path, { method, headers, body: sent === undefined ? undefined : JSON.stringify(sent) });
    } catch {
      throw new Error("The server does not answer. Try again in a moment.");
    }
    const told = answer.status === 204 ? null : await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error([told.detail || "Something went wrong on our side.", told.context?.hint].filter(Boolean).join(" ")), { status: answer.status, problem: told });
    return told;
  }

  async function trying(work) {
    try { return await work(); } catch (error) { say(error.message); if (error.status === 409 || error.status === 404) await load(); return undefined; }
  }

  function say(words, undo = null, word = "Undo") {
    state.undo = undo;
    const back = undo ? [forms().press(word, "quiet", { "data-own": "undo" })] : [];
    part("done")?.replaceChildren(...(words ? [element("span", {}, words), ...back, element("span", { class: "grow" }), forms().press("Close", "quiet", { "data-own": "close" })] : []));
    if (words) shell().announce(words);
  }

  /* --------------------------------------------------------------------------------------------------------------- the list */
  async function load() {
    try {
      const scope = state.query?.scope || "all", [rules, portfolios, words, told] = await Promise.all([ask("/rules"), ask("/portfolios"), text().known.words.length ? text().known.words : ask("/rules/words"), ask(`/portfolios/${encodeURIComponent(scope)}/suggestions`).catch(() => null)]);
      text().known.words = words;
      Object.assign(state, { rules, portfolios, runs: runsOf(told) });
      if (body()) { paint(); paintWords(); }
    } catch (error) {
      part("list")?.replaceChildren(element("div", { class: "blank failed", role: "alert" }, element("b", {}, "Your rules cannot be read"), element("p", {}, error.message), element("div", { class: "acts" }, forms().press("Try again", "", { "data-own": "again" }))));
    }
  }

  /* What came of each: of several portfolios the one that had most to say. */
  function runsOf(told) {
    const order = ["fired", "unknown", "quiet", "off"], best = {};
    for (const run of told?.rules || []) if (run.own && (!best[run.key] || order.indexOf(run.state) < order.indexOf(best[run.key].state))) best[run.key] = run;
    return best;
  }

  const portfolios = () => state.portfolios;
  const scopeName = (scope) => (scope === "all" ? "All portfolios" : portfolios().find((each) => each.id === scope)?.name || "a portfolio that is gone");
  const concerns = (rule) => rule.scope === "all" || state.query?.scope === "all" || rule.scope === state.query?.scope;

  function paint() {
    const box = part("list"), focused = box?.querySelector(".own-rule:focus")?.dataset.rule || state.pendingFocus, { rules } = state;
    if (!box || !rules) return;
    const on = rules.filter((rule) => rule.active).length;
    state.pendingFocus = null;
    part("note").textContent = rules.length ? `${on} on${rules.length > on ? `, ${rules.length - on} off` : ""}` : "";
    part("new").hidden = Boolean(form());
    if (!rules.length) {
      box.replaceChildren(forms().blank("No rule of your own yet", "Write a comparison that is true where something should be said. Try it on history, then switch it on: it speaks among the suggestions.", forms().press("Write a rule", "", { "data-own": "new" })));
      return;
    }
    const heads = [["Rule", "l"], ["Of", "l hide-s"], ["Now", "l"], ["On", "l"], ["", ""]];
    box.replaceChildren(element("table", { class: "grid-t" }, element("thead", {}, element("tr", {}, ...heads.map(([word, look]) => element("th", { class: look, scope: "col" }, word)))), element("tbody", {}, ...rules.map(line))));
    if (focused) box.querySelector(`[data-rule="${focused}"]`)?.focus();
  }

  function line(rule) {
    const run = state.runs[`own-${rule.id}`], [tone, word] = !rule.active ? STATES.off : !concerns(rule) ? ["", "elsewhere"] : STATES[run?.state] || ["", "not asked"];
    const tool = (deed, name, label) => element("button", { class: "tool", type: "button", "data-own": deed, "data-of": rule.id, title: label, "aria-label": `${label}: ${rule.name}` }, icon(name));
    const why = run?.state === "unknown" && rule.active ? run.why : null;
    const cells = [[element("div", { class: "what-of" }, element("b", {}, rule.name), element("code", {}, rule.expression), why ? element("span", {}, why) : null), "l name"], [scopeName(rule.scope), "l hide-s"],
      [element("span", { class: `tag ${tone}`.trim() }, word), "l"], [element("button", { class: "switch", type: "button", role: "switch", "aria-checked": String(rule.active), "data-own": "switch", "data-of": rule.id, "aria-label": `On: ${rule.name}` }), "l switch-cell"],
      [element("span", { class: "deeds" }, tool("edit", "edit", "Change"), tool("remove", "close", "Remove")), ""]];
    return element("tr", { class: `own-rule alert-row${rule.active ? "" : " is-off"}`, tabindex: "0", "data-rule": rule.id, "aria-label": `${rule.name}, ${word}` }, ...cells.map(([cell, look]) => element("td", { class: look }, cell)));
  }

  const ruleOf = (id) => state.rules?.find((rule) => rule.id === id);
  /* Suggestions are asked again where rules are others. */
  async function changed(words, id, word) { say(words, id, word); await load(); window.dash_clientside.set_props("advice-retry", { data: Date.now() }); }

  const turn = (id) => trying(async () => {
    const rule = ruleOf(id), now = await ask(`/rules/${id}`, { method: "PATCH", sent: { active: !rule.active }, version: rule.version });
    await changed(`${now.name}: ${now.active ? "on" : "off"}.`, id);
  });

  const remove = (id) => trying(async () => {
    const rule = ruleOf(id);
    await ask(`/rules/${id}`, { method: "DELETE", version: rule.version });
    if (state.editing?.id === id) closeForm();
    await changed(`Removed: ${rule.name}.`, id);
  });

  const undo = () => state.undo && trying(async () => {
    const id = state.undo, found = await ask(`/rules/${id}/undo`, { method: "POST" });
    await changed(found ? `${found.name}: as it was before.` : "The new rule is gone again.", id, "Redo");
  });

  /* --------------------------------------------------------------------------------------------------------------- the form */
  const field = (name, label, control, look = "") => element("label", { class: `field ${look}`.trim(), "data-field": name }, element("span", { class: "soft" }, label), control, element("span", { class: "hint", role: "alert" }));
  const choice = (name, options, value) => element("select", { class: "input", name }, ...options.map(([key, word]) => element("option", { value: key, selected: key === value }, word)));

  /* Who is faster than the list waits for it: a rule is tried on one of the portfolios that come with it. */
  async function openForm(rule = null, given = {}) {
    if (!state.rules) await state.ready;
    if (!state.rules || !shown()) return;
    const values = rule || { ...FRESH, scope: portfolios().some((each) => each.id === state.query?.scope) ? state.query.scope : "all", ...given }, every = portfolios().map((each) => [each.id, each.name]);
    state.editing = rule;
    const tryOn = field("try-on", "Tried on", choice("try-on", every, portfolios().some((each) => each.id === state.query?.scope) ? state.query.scope : every[0]?.[0]));
    const text_ = element("div", { class: "field wide", "data-field": "expression" }, element("label", { class: "soft", for: "rule-text" }, "It speaks where this is true"), text().field("expression", values.expression), element("span", { class: "hint", id: "rule-wrong", role: "alert" }));
    text_.querySelector("textarea").id = "rule-text";
    const active = element("input", { type: "checkbox", name: "active", checked: values.active });
    const foot = element("div", { class: "acts" }, element("label", { class: "check" }, active, "Switched on"), element("span", { class: "grow" }), forms().press("Cancel", "quiet", { "data-own": "cancel" }), element("button", { type: "submit", class: "ctl primary" }, rule ? "Save" : "Add"));
    const fields = element("div", { class: "fields" }, field("name", "Name", element("input", { class: "input", name: "name", value: values.name, maxlength: 80, autocomplete: "off", placeholder: "Too much of one" })), field("scope", "Of", choice("scope", [["all", "All portfolios"], ...every], values.scope)),
      field("severity", "It is then", choice("severity", GRAVITY, values.severity)), tryOn, text_, field("fix", "What to do then", element("input", { class: "input", name: "fix", value: values.fix || "", maxlength: 500, autocomplete: "off", placeholder: "in your own words, optional" }), "wide"));
    const made = element("form", { "data-form": "own-rule", novalidate: true, class: "stacked", "aria-label": rule ? "Change a rule" : "New rule" }, element("div", { "data-part": "conflict" }), fields, element("div", { class: "trial", "aria-live": "polite", "data-part": "trial" }, element("span", { class: "dim" }, "What it would have done on history stands here.")), element("p", { class: "hint bad", role: "alert", "data-part": "refused" }), foot);
    part("editor").replaceChildren(forms().panel(rule ? "Change a rule" : "New rule", rule ? rule.name : "off until you switch it on", made));
    part("new").hidden = true;
    scoped();
    made.querySelector(rule || values.expression ? "textarea" : "[name=name]").focus();
    part("editor").scrollIntoView({ block: "nearest" });
    names().then(tryNow);
  }

  function closeForm() {
    clearTimeout(state.timer);
    const id = state.editing?.id;
    state.editing = null;
    part("editor").replaceChildren();
    part("new").hidden = false;
    if (id) part("list").querySelector(`[data-rule="${id}"]`)?.focus(); else part("new").focus();
  }

  const triedOn = () => (form().scope.value === "all" ? form()["try-on"].value : form().scope.value);
  const scoped = () => { form().querySelector('[data-field="try-on"]').hidden = form().scope.value !== "all" || portfolios().length < 2; };
  const sent = () => ({ name: form().name.value.trim(), expression: form().expression.value.replace(/\s+/g, " ").trim(), scope: form().scope.value, severity: form().severity.value, fix: form().fix.value.trim() || null, active: form().active.checked });

  /* What can be named is what the portfolio ever held. */
  async function names() {
    const of = form() && triedOn();
    if (!of) return;
    text().known.names = await ask(`/rules/names?scope=${encodeURIComponent(of)}`).catch(() => ({}));
  }

  const soon = () => { clearTimeout(state.timer); state.timer = setTimeout(tryNow, PAUSE_MS); };

  function tryNow() {
    const box = part("trial"), own = form();
    if (!own || !box) return;
    const scope = triedOn(), expression = own.expression.value, turn_ = (state.turn += 1);
    if (!expression.trim() || !scope) { wrong([]); text().mark(own.expression); box.replaceChildren(element("span", { class: "dim" }, scope ? "What it would have done on history stands here." : "There is no portfolio yet to try it on.")); return; }
    box.classList.add("is-busy");
    window.portolan.grid.setStore("advice-rules-asked", { n: turn_, expression, scope });
  }

  /* Half a name is no mistake yet, as long as those that it may become are shown. */
  function tried(answer) {
    const box = part("trial"), own = form();
    if (!answer || answer.n !== state.turn || !own || !box) return;
    box.classList.remove("is-busy");
    wrong([]);
    text().mark(own.expression);
    if (answer.ok) { text().trial(answer.told, box); return; }
    if (own.expression.getAttribute("aria-expanded") === "true") return;
    wrong([{ problem: { context: answer.context }, message: answer.message }]);
    box.replaceChildren(element("span", { class: "dim" }, answer.context?.field === "expression" ? "It cannot be tried as it stands." : answer.message));
  }

  /* What is wrong with the text is told at its place, with names like it to be pressed; the rest at its field or at the foot. */
  function wrong(errors) {
    const own = form();
    for (const each of own.querySelectorAll("[data-field]")) { each.classList.remove("bad"); each.querySelector(".hint").replaceChildren(); }
    own.querySelector('[data-part="refused"]').textContent = "";
    for (const { problem, message } of errors) {
      const context = problem?.context || {};
      if (context.field === "expression" && Number.isInteger(context.position)) { placed(own, context); continue; }
      for (const each of context.errors?.length ? context.errors : [{ field: context.field, message }]) {
        const at = own.querySelector(`[data-field="${each.field || "none"}"]`), words = [each.message.replace(`${each.field}: `, ""), each.hint].filter(Boolean).join(" ");
        if (at) { at.classList.add("bad"); at.querySelector(".hint").textContent = words; } else own.querySelector('[data-part="refused"]').textContent = words;
      }
    }
  }

  function placed(own, { position, length, sentence, hint, near }) {
    const at = own.querySelector('[data-field="expression"]'), sure = sentence.charAt(0).toUpperCase() + sentence.slice(1);
    text().mark(own.expression, position, length || 1);
    at.classList.add("bad");
    const instead = near?.length ? [" Did you mean ", ...near.map((each) => element("button", { type: "button", class: "ctl quiet near", "data-own": "near", "data-word": each, "data-at": position, "data-length": length }, each)), "?"] : [` ${hint}.`.replace(/([.?!])\.$/, "$1")];
    at.querySelector(".hint").replaceChildren(`${sure}.`, ...instead);
  }

  async function save() {
    const own = form(), submit = own.querySelector("[type=submit]"), editing = state.editing;
    submit.disabled = true;
    try {
      const draft = sent(), told = editing ? await ask(`/rules/${editing.id}`, { method: "PATCH", sent: draft, version: editing.version }) : await ask("/rules", { method: "POST", sent: draft });
      closeForm();
      state.pendingFocus = told.id;
      await changed(`${editing ? "Changed" : "Added"}: ${told.name}${told.active ? "" : ", off until you switch it on"}.`, told.id);
    } catch (error) {
      if (!own.isConnected) return;
      if (error.status === 409 && editing) await conflict(editing); else { wrong([error]); if (!error.problem) own.querySelector('[data-part="refused"]').textContent = error.message; own.querySelector(".field.bad :is(input, textarea, select)")?.focus(); }
    } finally {
      submit.disabled = false;
    }
  }

  /* Somebody was faster: both are shown, and one chooses. */
  async function conflict(editing) {
    const theirs = await ask(`/rules/${editing.id}`).catch(() => null), box = part("conflict");
    if (!theirs) { state.editing = null; box.replaceChildren(forms().notice("warn", "It was removed meanwhile.", "Saving adds it as a new rule.")); return; }
    const told = element("div", { class: "alert notice warn", role: "alert" }, element("b", {}, "Somebody changed it since."), ` It now says ${theirs.name}: `, element("code", {}, theirs.expression), element("div", { class: "acts" }, forms().press("Take theirs", "", { "data-own": "theirs" }), forms().press("Save mine over it", "quiet", { "data-own": "mine" })));
    box.replaceChildren(told);
    state.theirs = theirs;
    box.scrollIntoView({ block: "nearest" });
  }

  /* -------------------------------------------------------------------------------------------------------------- the words */
  function paintWords() {
    const box = part("words"), wanted = (body().querySelector("[name=word]")?.value || "").trim().toLowerCase(), fits = (word) => !wanted || `${word.name} ${word.meaning}`.toLowerCase().includes(wanted);
    if (!box) return;
    const groups = [["metric", "Metrics"], ["scope", "Of what"], ["function", "Functions"]].map(([kind, title]) => [title, text().known.words.filter((word) => word.kind === kind && fits(word))]).filter(([, words]) => words.length);
    const item = (word) => element("li", {}, element("button", { type: "button", class: "word", "data-own": "word", "data-word": word.name, "data-example": word.example, title: `Such as ${word.example}` }, element("b", {}, word.name), element("span", { class: "soft" }, word.meaning), element("code", {}, word.example)));
    box.replaceChildren(...(groups.length ? groups.flatMap(([title, words]) => [element("h3", { class: "caps" }, title), element("ul", { class: "word-list" }, ...words.map(item))]) : [element("p", { class: "dim" }, "No word is like that.")]));
  }

  /* A word goes to where the caret stands; where nothing is written yet, its example begins a rule. */
  function word({ dataset }) {
    const own = form(), group = ["holding", "sector", "country", "region", "currency", "asset_class", "tag"].includes(dataset.word);
    if (!own) { openForm(null, { expression: dataset.example }); return; }
    text().insert(own.expression, own.expression.value.trim() ? (group ? `any ${dataset.word}` : dataset.word) : dataset.example);
  }

  /* ------------------------------------------------------------------------------------------------------------- the frame */
  function frame() {
    const found = element("input", { class: "input", type: "search", name: "word", placeholder: "Find a word", "aria-label": "Find a word", autocomplete: "off" });
    const list = element("section", { class: "panel", "aria-label": "Your rules" }, element("header", {}, element("h2", {}, "Your rules"), element("span", { class: "note", "data-part": "note" }), element("div", { class: "tools" }, forms().press("New rule", "primary", { "data-own": "new", "data-part": "new" }))), element("div", { class: "flush scroll", "data-part": "list" }, element("div", { class: "bones padded", "aria-hidden": "true" }, ...["row", "row", "row"].map((look) => element("div", { class: `bone ${look}` })))));
    const keys = [["a", "new"], ["j", "next"], ["k", "previous"], ["Enter", "change"], ["s", "on or off"], ["Del", "remove"], ["u", "undo"], ["Ctrl Space", "names"]];
    const words = forms().panel("Words", "press one to put it in", found, element("div", { "data-part": "words" }));
    body().replaceChildren(element("div", { class: "cols" }, element("div", { class: "c8 stacked" }, element("div", { class: "done", role: "status", "data-part": "done" }), element("div", { "data-part": "editor" }), list, element("p", { class: "keys-line dim hide-s" }, ...keys.flatMap(([key, meaning]) => [element("kbd", {}, key), element("span", {}, meaning)]))), element("div", { class: "c4 stacked beside" }, words)));
    const bones = body().parentElement.querySelector('[data-part="waits"]');
    if (bones) bones.hidden = true;
  }

  function show(query) {
    state.query = query;
    if (!shown()) return;
    if (state.root !== body()) { Object.assign(state, { root: body(), rules: null, editing: null, undo: null }); frame(); }
    state.pendingFocus = new URLSearchParams(location.search).get("rule"); // a card names the rule that spoke
    state.ready = load();
  }

  const deeds = {
    new: () => openForm(), edit: ({ dataset }) => openForm(ruleOf(dataset.of)), remove: ({ dataset }) => remove(dataset.of), switch: ({ dataset }) => turn(dataset.of), undo, close: () => say(""), again: load, cancel: closeForm, word,
    near: ({ dataset }) => { const area = form().expression, at = Number(dataset.at); area.value = area.value.slice(0, at) + dataset.word + area.value.slice(at + Number(dataset.length)); area.focus(); tryNow(); },
    theirs: () => openForm(state.theirs), mine: () => { state.editing = { ...state.editing, version: state.theirs.version }; part("conflict").replaceChildren(); save(); },
  };

  function step(by) {
    const rows = [...body().querySelectorAll(".own-rule")], at = rows.indexOf(document.activeElement.closest(".own-rule"));
    rows[Math.min(rows.length - 1, Math.max(0, at + by))]?.focus();
  }

  let went = -Infinity; // when g was pressed: the next letter names a page
  function onKey(event) {
    const after = performance.now() - went < 1200;
    went = event.key === "g" ? performance.now() : -Infinity;
    if (after || !shown() || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.target.closest?.("input, textarea, select, dialog") || document.querySelector("dialog[open]")) return;
    const row = document.activeElement.closest?.(".own-rule")?.dataset.rule, own = document.activeElement.matches?.(".own-rule");
    const keys = { a: () => openForm(), j: () => step(1), k: () => step(-1), u: undo, ...(row ? { s: () => turn(row), Delete: () => remove(row) } : {}), ...(row && own ? { Enter: () => openForm(ruleOf(row)) } : {}) };
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  }

  document.addEventListener("click", (event) => { const button = event.target.closest?.("[data-own]"); if (button && body()) deeds[button.dataset.own]?.(button); });
  document.addEventListener("keydown", onKey);
  document.addEventListener("submit", (event) => { if (event.target.dataset?.form === "own-rule") { event.preventDefault(); save(); } });
  document.addEventListener("input", ({ target }) => {
    if (!body()) return;
    if (target.name === "word" && target.closest(`#${BODY}`)) paintWords();
    else if (target.matches?.("form[data-form=own-rule] textarea")) { wrong([]); text().mark(target); text().suggest(target); soon(); } else if (target.matches?.("form[data-form=own-rule] select")) { scoped(); names().then(tryNow); }
  });

  Object.assign(window.dash_clientside, { adviceRules: { show, tried } });
  return { load };
})();
