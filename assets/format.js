/* How a value becomes text. The same rules as components/theme.py, so that the first painted text equals the live one.
   Minus is U+2212, a narrow no-break space U+202F stands before a unit, thousands and decimal sign are the reader's. */
window.portolan = window.portolan || {};

window.portolan.format = (() => {
  const MINUS = "\u2212", NARROW = "\u202f", UNKNOWN = "\u2013";
  const locale = navigator.languages?.[0] || "en-US";
  const cache = new Map();

  function formatter(decimals, least = decimals) {
    const key = `${least}:${decimals}`;
    if (!cache.has(key)) {
      cache.set(key, new Intl.NumberFormat(locale, { minimumFractionDigits: least, maximumFractionDigits: decimals, numberingSystem: "latn" }));
    }
    return cache.get(key);
  }

  const known = (value) => value !== null && value !== undefined && value !== "" && Number.isFinite(Number(value));
  const isZero = (value, decimals) => !/[1-9]/.test(formatter(decimals).format(Math.abs(value)));

  function number(value, { decimals = 2, least = decimals, signed = false } = {}) {
    if (!known(value)) return UNKNOWN;
    const amount = Number(value), zero = isZero(amount, decimals);
    const sign = zero ? "" : amount < 0 ? MINUS : signed ? "+" : "";
    return sign + formatter(decimals, least).format(zero ? 0 : Math.abs(amount));
  }

  const withUnit = (text, unit) => (text === UNKNOWN ? text : text + NARROW + unit);
  const priceDecimals = (value) => (Math.abs(value) >= 1 ? 2 : Math.abs(value) >= 0.01 ? 4 : 6);

  const money = (value, options) => number(value, options);
  const percent = (fraction, { decimals = 2, signed = true } = {}) => withUnit(number(known(fraction) ? fraction * 100 : null, { decimals, signed }), "%");
  const share = (fraction, { decimals = 1 } = {}) => percent(fraction, { decimals, signed: false });
  const weight = (hundredths, { decimals = 1 } = {}) => withUnit(number(hundredths, { decimals }), "%");
  const price = (value, { decimals } = {}) => (known(value) ? number(value, { decimals: decimals ?? priceDecimals(Number(value)) }) : UNKNOWN);
  const quantity = (value, { decimals = 8 } = {}) => number(value, { decimals, least: 0 });

  /* 1.25M, 340k: only for axes and flow markers. */
  function compact(value, { signed = false } = {}) {
    if (!known(value)) return UNKNOWN;
    const size = Math.abs(value), [unit, scale] = size >= 999_500 ? ["M", 1e6] : size >= 1000 ? ["k", 1e3] : ["", 1];
    return number(value / scale, { decimals: unit === "M" ? 2 : 0, least: 0, signed }) + unit;
  }

  /* 0.4 s, 12 s, 15 min, 3 h, 4 d */
  function age(seconds) {
    if (!known(seconds)) return UNKNOWN;
    const whole = Math.max(0, Number(seconds));
    if (whole < 9.95) return withUnit(number(whole, { decimals: 1 }), "s");
    if (whole < 60) return withUnit(String(Math.floor(whole)), "s");
    if (whole < 3600) return withUnit(String(Math.floor(whole / 60)), "min");
    if (whole < 86400) return withUnit(String(Math.floor(whole / 3600)), "h");
    return withUnit(String(Math.floor(whole / 86400)), "d");
  }

  /* 20 Nov 2026, 15:04:05 UTC */
  function instant(ts) {
    if (!known(ts)) return UNKNOWN;
    const at = new Date(Number(ts)), month = at.toLocaleString("en-GB", { month: "short", timeZone: "UTC" }).slice(0, 3);
    return `${at.getUTCDate()} ${month} ${at.getUTCFullYear()}, ${at.toISOString().slice(11, 19)} UTC`;
  }

  const formats = {
    money: (value) => money(value),
    signed: (value) => money(value, { signed: true }),
    signed1: (value) => money(value, { decimals: 1, signed: true }),
    whole: (value) => money(value, { decimals: 0 }),
    "whole-signed": (value) => money(value, { decimals: 0, signed: true }),
    percent: (value) => percent(value),
    percent1: (value) => percent(value, { decimals: 1 }),
    share: (value) => share(value),
    weight: (value) => weight(value),
    weight0: (value) => weight(value, { decimals: 0 }),
    price: (value) => price(value),
    quantity: (value) => quantity(value),
    count: (value) => number(value, { decimals: 0 }),
    compact: (value) => compact(value),
    age: (value) => age(value),
    text: (value) => String(value ?? UNKNOWN),
  };

  const tone = (value, decimals = 2) => (!known(value) || isZero(Number(value), decimals) ? "flat" : value > 0 ? "gain" : "loss");

  /* The one text of a value under a format name; other code asks this instead of picking a function. */
  const text = (value, name = "money") => (formats[name] || formats.money)(value);

  function setText(element, next) {
    const node = element.firstChild;
    if (node && node.nodeType === Node.TEXT_NODE && element.childNodes.length === 1) {
      if (node.nodeValue !== next) node.nodeValue = next; // the text node React knows stays where it is
    } else if (element.textContent !== next) {
      element.textContent = next;
    }
  }

  function setTone(element, value, decimals) {
    const now = tone(value, decimals);
    for (const name of ["gain", "loss", "flat"]) element.classList.toggle(name, name === now);
  }

  /* The hero's cents stand in a <small>: two elements that never change places. */
  function setHero(element, value) {
    const [whole, cents] = heroParts(value), [first, second] = element.children;
    if (!first || !second) return;
    setText(first, whole);
    setText(second, cents);
  }

  function heroParts(value) {
    if (!known(value)) return [UNKNOWN, ""];
    const parts = formatter(2).formatToParts(Math.abs(value)), cut = parts.findIndex((part) => part.type === "decimal");
    const join = (list) => list.map((part) => part.value).join("");
    return [(isZero(value, 2) || value > 0 ? "" : MINUS) + join(parts.slice(0, cut)), join(parts.slice(cut))];
  }

  /* Paint a value into an element by its data-format (default money) and data-tone (colour it by sign). True: text changed. */
  function paint(element, value) {
    const name = element.dataset.format || "money", before = element.textContent;
    if (name === "hero") setHero(element, value);
    else setText(element, text(value, name));
    if ("tone" in element.dataset) setTone(element, value, name.startsWith("percent") ? 4 : 2);
    element.dataset.v = value ?? "";
    return element.textContent !== before;
  }

  /* Server-painted numbers are in the neutral form (1,234.56); readers of another locale get theirs. */
  const neutral = formatter(2).format(1234.5) === "1,234.50";
  function localise(root = document) {
    if (!neutral) for (const element of root.querySelectorAll("[data-v][data-format]")) paint(element, element.dataset.v === "" ? null : Number(element.dataset.v));
  }

  return { MINUS, NARROW, UNKNOWN, locale, neutral, number, money, percent, share, weight, price, quantity, compact, age, instant, tone, text, paint, setText, setTone, localise };
})();
