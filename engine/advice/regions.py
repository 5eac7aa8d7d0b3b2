"""Which region a country is in: ISO 3166 codes, by where its shares are counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_MEMBERS: Final[Mapping[str, str]] = {
    "North America": "US CA BM",
    "Europe": "AT BE CH CY CZ DE DK EE ES FI FR GB GG GR HR HU IE IM IS IT JE LI LT LU LV MT NL NO PL PT RO RS SE SI SK UA BG MC",
    "Pacific": "AU NZ JP HK SG MO",
    "Asia": "CN IN ID KR MY PH TH TW VN PK BD LK KZ",
    "Latin America": "AR BR CL CO MX PE PA UY KY VG",
    "Middle East": "AE BH IL JO KW LB OM QA SA TR",
    "Africa": "EG KE MA MU NG TN ZA GH",
}
REGION_OF: Final[Mapping[str, str]] = {code: region for region, codes in _MEMBERS.items() for code in codes.split()}
REGIONS: Final = (*_MEMBERS, "Other")
COUNTRIES: Final = tuple(sorted(REGION_OF))


def region_of(country: str | None) -> str | None:
    """Tell the region of a country; ``Other`` of one that is not listed, None where there is none.

    Examples
    --------
    >>> [region_of(code) for code in ("CH", "XX", None)]
    ['Europe', 'Other', None]
    """
    return None if country is None else REGION_OF.get(country.upper(), "Other")
