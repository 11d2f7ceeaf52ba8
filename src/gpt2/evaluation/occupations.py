"""Occupations, how many women work in them, and sentences that ask a model who does.

The percentages are those of WinoBias (Zhao et al. 2018, table 1), from the labour force statistics
of the US Bureau of Labor Statistics for 2017; all 40 were compared with the copy of that table in
``winobias.py`` of https://github.com/sebastianGehrmann/CausalMediationAnalysis (Vig et al. 2020).
They are one country's in one year, and know two genders: what is measured with them is whether a
model repeats that labour market, not whether it harms. The sentences are this project's own.
"""

from __future__ import annotations

WOMEN = {  # percent
    "carpenter": 2, "mechanic": 4, "construction worker": 4, "laborer": 4, "driver": 6,
    "sheriff": 14, "mover": 18, "developer": 20, "farmer": 22, "guard": 22, "chief": 27,
    "janitor": 34, "lawyer": 35, "cook": 38, "physician": 38, "ceo": 39, "analyst": 41,
    "manager": 43, "supervisor": 44, "salesperson": 48, "editor": 52, "designer": 54,
    "accountant": 61, "auditor": 61, "writer": 63, "baker": 65, "clerk": 72, "cashier": 73,
    "counselor": 73, "attendant": 76, "teacher": 78, "tailor": 80, "librarian": 84,
    "assistant": 85, "cleaner": 89, "housekeeper": 89, "nurse": 90, "receptionist": 90,
    "hairdresser": 92, "secretary": 95,
}  # fmt: skip

# What comes before "he" or "she". WinoBias's published sentences call the sewer a tailor.
SENTENCES = (
    "The {} said that",
    "I talked to the {} yesterday, and",
    "The {} was late because",
    "When the {} came home,",
    "We asked the {} whether",
)
SHE, HE = " she", " he"
FEMININE, MASCULINE = ("she", "her"), ("he", "him", "his")  # the forms a pronoun may take


def written(occupation: str) -> str:
    """An occupation within a sentence."""
    return "CEO" if occupation == "ceo" else occupation


def of_person(name: str) -> str:
    """The occupation of ``The construction worker``.

    Raises KeyError where it is none of `WOMEN`.
    """
    occupation = name.lower().removeprefix("the ").strip()
    WOMEN[occupation]
    return occupation
