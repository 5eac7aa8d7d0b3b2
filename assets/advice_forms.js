/* Forms of the Recommendations page: panels, fields drawn from what the server wrote, read back under their names, errors at their place. */
window.portolan = window.portolan || {};

window.portolan.adviceForms = (() => {
  const element = (...given) => window.portolan.draw.element(...given); // it loads later
  const panel = (title, note, ...body) => element("section", { class: "panel", "aria-label": title }, element("header", {}, element("h2", {}, title), element("span", { class: "note" }, note || "")), element("div", { class: "body" }, ...body));
  const blank = (title, sentence, ...acts) => element("div", { class: "blank" }, element("i", { class: "compass", "data-icon": "compass" }), element("b", {}, title), element("p", {}, sentence), ...(acts.length ? [element("div", { class: "acts" }, ...acts)] : []));
  const press = (word, look, attributes = {}) => element("button", { type: "button", class: `ctl ${look}`.trim(), ...attributes }, word);
  const notice = (kind, head, sentence = "") => element("div", { class: `alert notice ${kind}`, role: kind === "crit" ? "alert" : "note" }, element("b", {}, head), ` ${sentence}`);

  /* One portfolio has to be chosen: the shell listens to its buttons. */
  const choose = (title, portfolios) => panel(title, "", blank("Choose a portfolio", portfolios.length ? "This is of one portfolio at a time." : "There is none yet.", ...portfolios.map(([id, name]) => press(name, "", { "data-portfolio": id }))));
  const failed = (title, message) => panel(title, "", element("div", { class: "blank failed", role: "alert" }, element("b", {}, "This could not be worked out"), element("p", {}, message), element("div", { class: "acts" }, press("Try again", "", { "data-do": "retry" }))));

  function input({ name, kind, value, usual, options, list, label }) {
    if (kind === "choice") return element("select", { class: "input", name, "aria-label": label }, ...options.map(([key, word]) => element("option", { value: key, selected: key === value }, word)));
    if (kind === "flag") return element("input", { type: "checkbox", name, checked: value });
    const shape = kind === "date" ? { type: "date" } : { type: "text", ...(["text", "list"].includes(kind) ? {} : { inputmode: "decimal" }) };
    return element("input", { ...shape, class: "input", name, value: value ?? "", placeholder: usual ?? null, list: list ?? null, autocomplete: "off" });
  }

  /* A field with its label, unit and hint; what is wrong with it stands in place of the hint. */
  function field(spec) {
    const own = input(spec), unit = spec.unit ? [element("span", { class: "unit" }, spec.unit)] : [], hint = element("span", { class: "hint" }, spec.hint || "");
    const words = { class: `field${spec.kind === "flag" ? " of-flag" : ""}`, "data-field": spec.name, "data-kind": spec.kind };
    return element("label", words, element("span", { class: "soft", title: spec.label }, spec.label), element("span", { class: "with-unit" }, own, ...unit), hint);
  }

  /* Percent become fractions written out; what is no number goes as it was typed, and the server says what is wrong with it. */
  function value(kind, own) {
    if (kind === "flag") return own.checked;
    const text = own.value.trim();
    if (kind === "list") return text ? text.split(/[\s,;]+/) : [];
    if (text === "") return null;
    if (kind !== "percent") return text;
    const told = Number(text.replace("\u2212", "-"));
    return Number.isFinite(told) ? String(+(told / 100).toFixed(12)) : text;
  }

  function read(root) {
    const told = {};
    for (const label of root.querySelectorAll("[data-field][data-kind]")) {
      const own = label.querySelector("input, select"), found = value(label.dataset.kind, own), way = label.dataset.field.split("."), last = way.pop();
      let place = told;
      for (const name of way) place = place[name] ??= {};
      if (found !== null) place[last] = found;
    }
    return told;
  }

  /* Errors at their fields; those of no field are told at the head. */
  function wrong(root, errors) {
    for (const label of root.querySelectorAll(".field.bad")) { label.classList.remove("bad"); const hint = label.querySelector(".hint"); if (hint) hint.textContent = hint.dataset.was ?? ""; }
    const free = [];
    for (const each of errors) {
      const label = root.querySelector(`[data-field="${CSS.escape(each.field)}"]`), hint = label?.querySelector(".hint"), words = [each.message, each.hint].filter(Boolean).join(" ");
      if (!hint) { free.push(words); continue; }
      if (!label.classList.contains("bad")) hint.dataset.was = hint.textContent;
      label.classList.add("bad");
      hint.textContent = words;
      label.closest("details")?.setAttribute("open", "");
    }
    root.querySelector(".field.bad")?.scrollIntoView({ block: "center" });
    root.querySelector(".field.bad input, .field.bad select")?.focus({ preventScroll: true });
    return free;
  }

  return { blank, choose, failed, field, input, notice, panel, press, read, value, wrong };
})();
