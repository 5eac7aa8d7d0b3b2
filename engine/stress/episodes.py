"""Days on which markets were under stress, with what the market did on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from engine.errors import InvalidInput

_PYFOLIO = "pyfolio, interesting_periods"
_CLOSES = "S&P Dow Jones Indices, closes of the S&P 500"


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch of days that is asked of today's holdings.

    Attributes
    ----------
    name
        Short, for programs.
    label
        What a screen calls it.
    start, end
        First and last day whose returns count.
    market
        Price return of the S&P 500 from the last close before `start` to the last close not after `end`, fraction.
    kind
        ``crash``: a fall from a peak; ``event``: the weeks after a shock; ``regime``: a stretch of years, good ones among them.
    meaning
        One sentence about what happened.
    source
        Who chose these days.
    """

    name: str
    label: str
    start: date
    end: date
    market: float
    kind: Literal["crash", "event", "regime"]
    meaning: str
    source: str = _CLOSES


def _told(name: str, label: str, days: str, market: float, kind: Literal["crash", "event", "regime"], meaning: str, source: str = _CLOSES) -> Episode:
    start, end = (date.fromisoformat(part) for part in days.split("/"))
    return Episode(name, label, start, end, market, kind, meaning, source)


EPISODES: Final[tuple[Episode, ...]] = (
    _told("black_monday", "Black Monday 1987", "1987-10-14/1987-10-19", -0.2851, "crash", "The largest fall of one day, a fifth of the market."),
    _told("kuwait", "Invasion of Kuwait 1990", "1990-07-17/1990-10-11", -0.1992, "crash", "Oil doubled within three months."),
    _told("bond_massacre", "Bond massacre 1994", "1994-02-03/1994-04-04", -0.0894, "event", "Rates began to rise; bonds fell with shares."),
    _told("asian_crisis", "Asian crisis 1997", "1997-10-22/1997-10-27", -0.0980, "event", "Currencies of East Asia broke."),
    _told("ltcm", "Russia and LTCM 1998", "1998-07-20/1998-08-31", -0.1934, "crash", "Russia stopped paying, and a large fund had to be rescued."),
    _told("dotcom", "Dotcom", "2000-03-10/2000-09-10", 0.0662, "event", "The first half year after the peak of technology shares.", _PYFOLIO),
    _told("dotcom_crash", "Dotcom, peak to trough", "2000-03-27/2002-10-09", -0.4915, "crash", "Two and a half years down from the bubble."),
    _told("september_11", "9/11", "2001-09-11/2001-10-11", 0.0045, "event", "The attacks; exchanges were closed for four days.", _PYFOLIO),
    _told("us_housing", "US Housing 2003", "2003-01-08/2003-02-08", -0.1010, "event", "The weeks before the war in Iraq.", _PYFOLIO),
    _told("calm_bull", "Low volatility bull market", "2005-01-01/2007-08-01", 0.2095, "regime", "Years of quiet rise.", _PYFOLIO),
    _told("august_2007", "August 2007", "2007-08-01/2007-09-01", 0.0129, "event", "Quantitative funds unwound the same positions at once.", _PYFOLIO),
    _told("gfc", "GFC crash", "2007-08-01/2009-04-01", -0.4427, "regime", "The financial crisis, whole.", _PYFOLIO),
    _told("gfc_crash", "Financial crisis, peak to trough", "2007-10-10/2009-03-09", -0.5678, "crash", "The market lost more than half."),
    _told("march_2008", "March 2008", "2008-03-01/2008-04-01", 0.0297, "event", "Bear Stearns was sold.", _PYFOLIO),
    _told("lehman", "Lehman", "2008-08-01/2008-10-01", -0.0839, "event", "Lehman Brothers failed.", _PYFOLIO),
    _told("september_2008", "September 2008", "2008-09-01/2008-10-01", -0.0949, "event", "The month of Lehman's failure.", _PYFOLIO),
    _told("first_quarter_2009", "First quarter 2009", "2009-01-01/2009-03-01", -0.1862, "event", "The last fall before the trough.", _PYFOLIO),
    _told("second_quarter_2009", "Second quarter 2009", "2009-03-01/2009-06-01", 0.2827, "event", "The turn.", _PYFOLIO),
    _told("recovery", "Recovery", "2009-04-01/2013-01-01", 0.7875, "regime", "Years of rise after the crisis.", _PYFOLIO),
    _told("flash_crash", "Flash crash 2010", "2010-05-05/2010-05-10", -0.0118, "event", "A tenth was lost and found within minutes.", _PYFOLIO),
    _told("fukushima", "Fukushima 2011", "2011-03-16/2011-04-16", 0.0295, "event", "The weeks after the earthquake.", _PYFOLIO),
    _told("us_downgrade", "US downgrade, European debt", "2011-08-05/2011-09-05", -0.0217, "event", "The United States lost their AAA.", _PYFOLIO),
    _told("ecb_2012", "ECB event 2012", "2012-09-10/2012-10-10", -0.0037, "event", "The ECB promised to buy bonds of states.", _PYFOLIO),
    _told("taper_tantrum", "Taper tantrum 2013", "2013-05-22/2013-06-24", -0.0576, "event", "Talk of fewer purchases of bonds; yields jumped."),
    _told("april_2014", "April 2014", "2014-04-01/2014-05-01", 0.0061, "event", "Growth shares were sold.", _PYFOLIO),
    _told("october_2014", "October 2014", "2014-10-01/2014-11-01", 0.0232, "event", "Treasuries moved as never before within minutes.", _PYFOLIO),
    _told("fall_2015", "Fall 2015", "2015-08-15/2015-09-30", -0.0820, "event", "China let its currency fall.", _PYFOLIO),
    _told("january_2016", "China and oil 2016", "2016-01-04/2016-02-11", -0.1051, "crash", "Shares in China and the price of oil broke together."),
    _told("brexit", "Brexit vote 2016", "2016-06-24/2016-06-27", -0.0534, "event", "The two days after the vote; the pound lost a tenth."),
    _told("volmageddon", "Volatility shock 2018", "2018-01-29/2018-02-08", -0.1016, "crash", "Funds short of volatility were wiped out in a day."),
    _told("autumn_2018", "Autumn 2018", "2018-09-21/2018-12-24", -0.1978, "crash", "Rates went up while growth slowed."),
    _told("covid", "Covid 2020", "2020-02-20/2020-03-23", -0.3392, "crash", "The fastest fall of a third there has been."),
    _told("ukraine", "Invasion of Ukraine 2022", "2022-02-17/2022-03-08", -0.0680, "event", "War in Europe; gas and grain doubled."),
    _told("inflation_2022", "Inflation 2022", "2022-01-04/2022-10-12", -0.2543, "crash", "Shares and bonds fell together as rates rose."),
    _told("gilt_crisis", "Gilt crisis 2022", "2022-09-23/2022-10-12", -0.0482, "event", "British pension funds had to sell long bonds."),
    _told("regional_banks", "Regional banks 2023", "2023-03-09/2023-03-13", -0.0341, "event", "Silicon Valley Bank failed."),
    _told("higher_for_longer", "Higher for longer 2023", "2023-08-01/2023-10-27", -0.1028, "crash", "Ten-year yields reached five percent."),
    _told("carry_unwind", "Yen carry unwind 2024", "2024-08-01/2024-08-05", -0.0608, "event", "Tokyo lost an eighth in a day."),
    _told("tariffs", "Tariffs 2025", "2025-04-03/2025-04-08", -0.1214, "crash", "The United States announced duties on all imports."),
)  # fmt: skip


def episode(name: str) -> Episode:
    """Find an episode by its name.

    Parameters
    ----------
    name
        As in `EPISODES`.

    Returns
    -------
    Episode

    Raises
    ------
    InvalidInput
        There is none of this name.

    Examples
    --------
    >>> episode("covid").market
    -0.3392
    """
    for known in EPISODES:
        if known.name == name:
            return known
    raise InvalidInput("episode", name, "is not a known episode", hint=f"Use one of {', '.join(known.name for known in EPISODES)}")
