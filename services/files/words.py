"""What columns and kinds are called elsewhere: names in English, German, French, Spanish, Italian, Dutch and Portuguese.

Names are compared as `folded`: no accents, no case, no punctuation. In a list the likelier name comes first; where two columns of a
file have names of one field, the earlier in the list wins.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from engine.types import Kind

CURRENCY_IN_NAME = re.compile(r"^(.*?) (?:in )?([a-z]{3})$")
SECONDARY = {"net": "net amount, after fee and tax", "side": "debit or credit", "name": "name of the instrument"}

# One text a field, names parted by commas, the likelier first.
_COLUMNS = {
    "date": (
        "date, trade date, tradedate, transaction date, trade time, execution date, date of trade, date time, datetime, time, "
        "booking date, posting date, value date, settlement date, run date, activity date, process date, timestamp, completed "
        "date, created, date utc, datum, handelsdatum, buchungstag, buchungsdatum, ausfuhrungsdatum, valuta, transaktionsdatum, "
        "transactiedatum, boekdatum, date d operation, date operation, date de transaction, date de l operation, date de "
        "valeur, fecha, fecha operacion, fecha de operacion, fecha valor, data, data operazione, data valuta, data da operacao, "
        "data do negocio"
    ),
    "kind": (
        "kind, type, transaction type, action, activity type, activity, transaction, operation, side, buy sell, trade type, "
        "order type, category, transaction kind, code type, typ, art, transaktionstyp, transaktionsart, buchungsart, "
        "auftragsart, vorgang, umsatzart, geschaftsart, type d operation, type operation, sens, nature, tipo, tipo de "
        "operacion, tipo operacion, operacion, operazione, tipo operazione, tipo de operacao, operacao, soort, transactietype, "
        "omschrijving, description"
    ),
    "symbol": (
        "symbol, ticker, ticker symbol, stock symbol, instrument, security, security symbol, code, stock, asset, ticker isin, "
        "instrument code, underlying symbol, coin, wertpapier, kurzel, symbole, valeur, titre, simbolo, titolo, activo, ativo, "
        "papel, fonds"
    ),
    "isin": "isin, isin code, isin wkn, codigo isin, code isin, codice isin",
    "name": (
        "name, security name, instrument name, stock name, company, company name, product, produkt, wertpapiername, "
        "bezeichnung, wertpapierbezeichnung, titel, libelle, nom, nombre, valor, denominazione, descrizione, produto, naam, "
        "security description, description"
    ),
    "quantity": (
        "quantity, qty, shares, units, no of shares, number of shares, volume, filled qty, executed quantity, quantity "
        "transacted, size, stuck, anzahl, menge, nominal, nominale, stuckzahl, anteile, quantite, nombre de titres, nombre, "
        "cantidad, titulos, quantita, quantidade, aantal, aandelen, stuks"
    ),
    "price": (
        "price, unit price, price share, price per share, share price, trade price, tradeprice, t price, execution price, "
        "average price, avg price, fill price, filled price, quote, rate per unit, kurs, preis, stuckpreis, ausfuhrungskurs, "
        "einzelpreis, cours, prix, prix unitaire, precio, precio unitario, cotizacion, prezzo, prezzo unitario, preco, koers, "
        "prijs"
    ),
    "amount": (
        "gross amount, amount, gross, gross value, value, market value, trade value, proceeds, principal, subtotal, cost, "
        "amount gross, betrag, bruttobetrag, brutto, kurswert, wert, umsatz, montant brut, montant, importe bruto, importe, "
        "monto, importo lordo, importo, controvalore, valor bruto, bedrag, waarde"
    ),
    "net": (
        "net amount, net, total, total amount, settlement amount, net value, net cash, amount net, cash flow, nettobetrag, "
        "netto, endbetrag, gesamt, gesamtbetrag, ausmachender betrag, montant net, total net, importe neto, importe total, "
        "importo netto, totale, valor liquido, valor total, totaal"
    ),
    "fee": (
        "fee, fees, commission, commissions, fees comm, comm fee, ibcommission, brokerage, brokerage fee, transaction fee, "
        "charges, trading fee, transaction costs, costs, gebuhr, gebuhren, provision, spesen, kosten, entgelt, "
        "transaktionskosten, frais, courtage, commission frais, comision, comisiones, gastos, commissione, commissioni, spese, "
        "taxa, corretagem, transactiekosten"
    ),
    "tax": (
        "tax, taxes, withholding tax, withholding, tax withheld, stamp duty, steuer, steuern, quellensteuer, "
        "kapitalertragsteuer, abgeltungsteuer, taxe, taxes fees, impot, prelevement, retenue a la source, impuesto, impuestos, "
        "retencion, tassa, tasse, ritenuta, imposta, imposto, impostos, belasting, bronbelasting"
    ),
    "currency": (
        "currency, ccy, transaction currency, trade currency, currency code, price currency, currencyprimary, settlement "
        "currency, currency price share, currency total, wahrung, devise, monnaie, divisa, moneda, valuta, moeda, munt"
    ),
    "fx_rate": (
        "fx rate, exchange rate, fxrate, conversion rate, rate, wechselkurs, devisenkurs, umrechnungskurs, taux de change, "
        "cours de change, tipo de cambio, cambio, tasso di cambio, taxa de cambio, wisselkoers"
    ),
    "account": (
        "account, account name, account number, account id, cash account, securities account, portfolio account, depot, konto, "
        "kontonummer, depotnummer, compte, cuenta, conto, conta, rekening"
    ),
    "note": (
        "note, notes, comment, comments, memo, remark, remarks, description, details, notiz, bemerkung, kommentar, "
        "verwendungszweck, commentaire, nota, notas, comentario, observaciones, commento, observacao, opmerking"
    ),
    "external_id": (
        "external id, transaction id, trade id, reference, reference number, order id, order number, id, uuid, tradeid, "
        "transactionid, execution id, confirmation number, referenz, auftragsnummer, ordernummer, transaktionsnummer, reference "
        "operation, referencia, numero de orden, riferimento"
    ),
    "ratio": "ratio, split ratio, verhaltnis",
    "side": "debit credit, credit debit, soll haben, s h, direction, sense",
    "to_symbol": "to symbol, new symbol",
    "to_currency": "to currency, received currency",
    "to_amount": "to amount, received amount",
    "lots": "lots",
    "multiplier": "multiplier, contract size",
    "asset_class": "asset class, asset type, instrument type, security type, anlageklasse",
    "instrument_currency": "instrument currency",
    "sector": "sector",
    "country": "country",
    "exchange": "exchange, market, borse, handelsplatz",
}

# The longer text is looked for first: "reinvested dividend" is not "dividend".
_KINDS = {
    Kind.BUY: (
        "buy, bought, b, purchase, purchased, market buy, limit buy, stop buy, buy to open, buy to cover, buy to close, "
        "reinvest, reinvestment, reinvest shares, dividend reinvestment, savings plan, you bought, acquisition, subscription, "
        "kauf, gekauft, ankauf, sparplan, wertpapierkauf, achat, achete, souscription, compra, comprado, acquisto, acquistato, "
        "aankoop, koop, gekocht"
    ),
    Kind.SELL: (
        "sell, sold, s, sale, market sell, limit sell, stop sell, sell to close, sell to open, sell short, short sell, you "
        "sold, redemption, disposal, verkauf, verkauft, ruckgabe, wertpapierverkauf, vente, vendu, cession, rachat, venta, "
        "vendido, venda, vendita, venduto, verkoop, verkocht"
    ),
    Kind.DIVIDEND: (
        "dividend, dividends, div, cash dividend, qualified dividend, non qualified dividend, ordinary dividend, distribution, "
        "dividend received, dividend payment, income distribution, dividende, dividenden, ausschuttung, ertrag, "
        "ertragsgutschrift, dividendes, coupon, coupons, dividendo, dividendos, dividendi, dividendo pago, cedola, uitkering"
    ),
    Kind.INTEREST: (
        "interest, interests, int, credit interest, bank interest, interest received, interest on cash, bond interest, interest income, "
        "zinsen, zins, zinsgutschrift, habenzinsen, interet, interets, interes, intereses, interessi, juros, rente"
    ),
    Kind.FEE: (
        "fee, fees, commission, custody fee, service fee, account fee, management fee, adr fee, charge, charges, subscription "
        "fee, interest charge, interest charged, debit interest, margin interest, gebuhr, gebuhren, depotgebuhr, spesen, "
        "provision, zinsbelastung, sollzinsen, frais, frais de garde, droits de garde, comision, comisiones, gastos, "
        "commissione, commissioni, canone, taxa, custo, kosten"
    ),
    Kind.TAX: (
        "tax, taxes, withholding, withholding tax, tax withholding, foreign tax, nra tax, stamp duty, transaction tax, steuer, "
        "steuern, quellensteuer, kapitalertragsteuer, impot, impots, taxe, prelevement, impuesto, impuestos, retencion, "
        "imposta, tassa, ritenuta, imposto, impostos, belasting, dividendbelasting"
    ),
    Kind.DEPOSIT: (
        "deposit, deposits, cash deposit, cash in, wire in, contribution, funding, top up, electronic funds transfer in, bank "
        "deposit, incoming payment, einzahlung, einlage, uberweisungseingang, gutschrift, depot d especes, versement, virement "
        "recu, alimentation, deposito, ingreso, aporte, aportacion, versamento, bonifico in entrata, storting"
    ),
    Kind.WITHDRAWAL: (
        "withdrawal, withdraw, withdrawals, cash withdrawal, cash out, wire out, removal, payout, disbursement, outgoing "
        "payment, auszahlung, entnahme, uberweisungsausgang, retrait, virement emis, retiro, reintegro, retirada, prelievo, "
        "bonifico in uscita, saque, resgate, opname, onttrekking"
    ),
    Kind.TRANSFER_IN: (
        "transfer in, transfer inbound, delivery inbound, received, receive, shares received, acats in, deposit of securities, "
        "einlieferung, depotubertrag eingang, transfert entrant, traspaso entrada, trasferimento in entrata"
    ),
    Kind.TRANSFER_OUT: (
        "transfer out, transfer outbound, delivery outbound, sent, send, shares delivered, acats out, withdrawal of securities, "
        "auslieferung, depotubertrag ausgang, transfert sortant, traspaso salida, trasferimento in uscita"
    ),
    Kind.SPLIT: (
        "split, stock split, forward split, reverse split, share split, aktiensplit, division d actions, desdoblamiento, "
        "frazionamento"
    ),
    Kind.SPIN_OFF: "spin off, spinoff, spin, abspaltung, scission, escision, scissione",
    Kind.MERGER: "merger, exchange of securities, fusion, umtausch, verschmelzung, fusione, fusao",
    Kind.RETURN_OF_CAPITAL: (
        "return of capital, capital return, capital repayment, roc, kapitalruckzahlung, kapitalherabsetzung, remboursement de "
        "capital, devolucion de capital, rimborso di capitale"
    ),
    Kind.STOCK_DIVIDEND: (
        "stock dividend, scrip dividend, bonus issue, bonus shares, dividend in shares, stockdividende, aktiendividende, "
        "gratisaktien, dividende en actions, dividendo en acciones, bonificacao"
    ),
    Kind.FX_CONVERSION: (
        "fx conversion, currency conversion, currency exchange, fx, forex, forex trade, conversion, exchange, devisentausch, "
        "wahrungstausch, wahrungswechsel, change, conversion de devise, cambio de divisa, cambio valuta, valuta wissel"
    ),
    Kind.ADJUSTMENT: "adjustment, correction, korrektur, ajustement, ajuste, rettifica, correctie",
}
# Words that leave the direction open: the sign decides.
SIGNED_WORDS = frozenset({"trade", "trades", "transfer", "cash transfer", "cash", "order", "wire", "umbuchung", "journal", "payment"})


@lru_cache(maxsize=20_000)
def folded(text: str) -> str:
    """Write a name without accents, case and punctuation: 'Währung (€)' becomes 'wahrung'."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))
    return " ".join(re.sub(r"[^a-z0-9]+", " ", bare).split())


def _listed(words: str) -> list[str]:
    return [folded(word) for word in words.split(",")]


ALIASES: dict[str, list[str]] = {field: _listed(words) for field, words in _COLUMNS.items()}
KNOWN = frozenset(word for words in ALIASES.values() for word in words)
KINDS: dict[str, Kind] = {**{word: kind for kind, words in _KINDS.items() for word in _listed(words)}, **{folded(kind.value): kind for kind in Kind}}
LONGEST_FIRST = sorted((word for word in KINDS if len(word) > 2), key=lambda word: (-len(word), word))


def bare_name(header: str) -> tuple[str, str | None]:
    """Give a folded header without the currency at its end, and that currency: 'Price (USD)' is 'price', 'USD'."""
    name = folded(header)
    found = CURRENCY_IN_NAME.match(name)
    if name in KNOWN or not found or found[1] not in KNOWN:
        return name, None
    return found[1], found[2].upper()


def aliases_among(cells: Iterable[str]) -> int:
    """Count the cells that are the name of a column somewhere."""
    return sum(1 for cell in cells if len(cell) < 60 and (bare_name(cell)[0] in KNOWN or cell.strip() in ALIASES))


@lru_cache(maxsize=20_000)
def kind_of(word: str) -> tuple[Kind | None, float]:
    """Tell which kind a word means, and how sure that is: 1 where it is the word, less where it holds one."""
    name = folded(word)
    if name in KINDS:
        return KINDS[name], 1.0 if len(name) > 1 else 0.8
    for known in LONGEST_FIRST:
        if re.search(rf"\b{re.escape(known)}\b", name):
            return KINDS[known], 0.7
    return None, 0.0
