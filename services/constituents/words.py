"""What columns, classes and countries are called in the files of those who issue funds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.files.words import folded

_COLUMNS: Final = {
    "weight": "weight, weighting, weight percent, portfolio weight, index weight, market weight, of net assets, of fund net assets, of market value, "
              "of fund, of portfolio, of tna, net assets, percent, percentage, allocation, holding percent, gewicht, gewichtung, anteil, poids, "
              "ponderation, peso, ponderacion, peso percentuale, weging",
    "symbol": "symbol, ticker, ticker symbol, issuer ticker, holding ticker, stock ticker, kurzel, symbole, simbolo",
    "name": "name, security name, holding name, holding, holdings, security, issuer, issuer name, company, company name, constituent, "
            "constituent name, description, security description, bezeichnung, titel, emittent, nom, libelle, nombre, denominazione, naam",
    "isin": "isin, isin code, code isin",
    "sector": "sector, gics sector, sector name, industry sector, sector classification, icb industry, industry, sektor, branche, secteur, settore",
    "country": "country, location, country of risk, country of incorporation, country name, issuer country, domicile, land, pays, pais, paese",
    "region": "region, market region, weltregion",
    "currency": "currency, market currency, local currency, trading currency, currency code, wahrung, devise, divisa, valuta",
    "asset_class": "asset class, asset type, security type, type, instrument type, anlageklasse, classe d actif, clase de activo",
    "date": "as of, as of date, date, valuation date, stand, datum",
}
COLUMNS: Final[Mapping[str, str]] = {folded(word): field for field, words in _COLUMNS.items() for word in words.split(",")}

_CLASSES: Final = {
    "equity": "equity, equities, stock, stocks, share, shares, common stock, aktie, aktien, action, actions, reit, adr, gdr, preferred stock",
    "bond": "bond, bonds, fixed income, debt, government bond, corporate bond, treasury, anleihe, anleihen, renten, obligation, obligations",
    "cash": "cash, cash and or derivatives, cash and equivalents, cash equivalents, money market, liquidity, liquiditat, kasse, liquidites",
    "fund": "fund, funds, etf, mutual fund, fonds", "commodity": "commodity, commodities, gold, rohstoffe",
    "fx": "fx, forwards, fx forwards, currency",
    "option": "option, options", "crypto": "crypto, cryptocurrency", "index": "index",
    "other": "other, others, futures, future, derivatives, derivative, swap, swaps, sonstige, alternatives",
}
CLASSES: Final[Mapping[str, str]] = {folded(word): name for name, words in _CLASSES.items() for word in words.split(",")}

_COUNTRIES: Final = (
    "US United States, US United States of America, US USA, CA Canada, BM Bermuda, AT Austria, BE Belgium, CH Switzerland, CY Cyprus, "
    "CZ Czech Republic, CZ Czechia, DE Germany, DK Denmark, EE Estonia, ES Spain, FI Finland, FR France, GB United Kingdom, GB Great Britain, "
    "GR Greece, HR Croatia, HU Hungary, IE Ireland, IS Iceland, IT Italy, JE Jersey, GG Guernsey, IM Isle of Man, LU Luxembourg, MT Malta, "
    "NL Netherlands, NO Norway, PL Poland, PT Portugal, RO Romania, SE Sweden, AU Australia, NZ New Zealand, JP Japan, HK Hong Kong, SG Singapore, "
    "MO Macau, CN China, IN India, ID Indonesia, KR South Korea, KR Korea South, KR Korea, KR Republic of Korea, MY Malaysia, PH Philippines, "
    "TH Thailand, TW Taiwan, VN Vietnam, PK Pakistan, BD Bangladesh, LK Sri Lanka, KZ Kazakhstan, AR Argentina, BR Brazil, CL Chile, CO Colombia, "
    "MX Mexico, PE Peru, PA Panama, UY Uruguay, AE United Arab Emirates, BH Bahrain, IL Israel, JO Jordan, KW Kuwait, OM Oman, QA Qatar, "
    "SA Saudi Arabia, TR Turkey, TR Turkiye, EG Egypt, KE Kenya, MA Morocco, MU Mauritius, NG Nigeria, TN Tunisia, ZA South Africa, GH Ghana, "
    "KY Cayman Islands, VG British Virgin Islands"
)
COUNTRIES: Final[Mapping[str, str]] = {folded(each.strip()[3:]): each.strip()[:2] for each in _COUNTRIES.split(",")}


def column_of(header: str) -> str | None:
    """Tell which field a column is: 'Weight (%)' is weight.

    Examples
    --------
    >>> column_of("% of Net Assets"), column_of("Issuer Ticker"), column_of("SEDOL")
    ('weight', 'symbol', None)
    """
    return COLUMNS.get(folded(header))


def country_of(text: str) -> str:
    """Give the code of a country that is written out; anything else as it is.

    Examples
    --------
    >>> country_of("United States"), country_of("us"), country_of("Atlantis")
    ('US', 'US', 'Atlantis')
    """
    bare = text.strip()
    return bare.upper() if len(bare) == 2 else COUNTRIES.get(folded(bare), bare)
