/* The live line of the Risk page. Its figures are painted by live_figures.js from `risk` of the stream; here it is shown once that comes,
   and the age of what it rests on is kept: of the newest price, and of the history. */
window.portolan = window.portolan || {};

window.portolan.riskLive = (() => {
  const format = window.portolan.format;
  const line = () => document.getElementById("risk-live");

  function told(scope) {
    return window.portolan.live?.state.portfolios[scope];
  }

  function show() {
    const element = line();
    if (!element) return;
    const scope = element.closest("[data-scope]")?.dataset.scope, portfolio = scope ? told(scope) : null, risk = portfolio?.risk;
    element.hidden = !risk;
    if (!risk) return;
    element.classList.toggle("is-short", Boolean(risk.code));
    format.setText(element.querySelector("[data-part=risk-live-age]"), risk.code ? `needs ${risk.needed} trading days of what is held, ${risk.found} are there` : age(portfolio, risk));
  }

  function age(portfolio, risk) {
    const prices = portfolio.received ? `prices ${format.age(Math.max(0, (window.portolan.live.now() - portfolio.received) / 1000))} old` : "prices of the last close";
    const missing = risk.missing > 0.0005 ? `, ${format.share(risk.missing)} of it without history` : "";
    return `${prices}, ${risk.days} days of history to ${risk.history_end}${missing}`;
  }

  document.addEventListener("portolan:painted", show);
  setInterval(show, 1_000);
  return { show };
})();
