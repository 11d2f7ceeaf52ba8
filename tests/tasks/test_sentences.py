"""Sentences, lines and parts of a text."""

from __future__ import annotations

import pytest

from gpt2.tasks.sentences import flat, join, lines, parts, sentences, spans


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Mr. Smith met Dr. J. R. Hall. They spoke.", ["Mr. Smith met Dr. J. R. Hall.",
                                                       "They spoke."]),
        ('"Who is it?" he asked. "Yes."', ['"Who is it?" he asked.', '"Yes."']),
        ("It cost $3.50, i.e. too much. So be it.", ["It cost $3.50, i.e. too much.",
                                                     "So be it."]),
        ("See Fig. 3 and p. 12, Jan. 5. No. 5 is alive.", ["See Fig. 3 and p. 12, Jan. 5.",
                                                           "No. 5 is alive."]),
        ("He said no. Then he left at 5 p.m. The end.", ["He said no.", "Then he left at 5 p.m.",
                                                         "The end."]),
        ("The U.S. Army came.", ["The U.S. Army came."]),
        ("It was I. He knew.", ["It was I.", "He knew."]),
        ("Well... he went. Well... He went.", ["Well... he went.", "Well...", "He went."]),
        ("他来了。“你好！”她说。走吧", ["他来了。", "“你好！”她说。", "走吧"]),
        ("他说：“你好。”然后他走了。", ["他说：“你好。”", "然后他走了。"]),
        ("「誰？」と彼は聞いた。「私。」", ["「誰？」と彼は聞いた。", "「私。」"]),
        ("“Who?” — he asked. What a day! it was over.", ["“Who?” — he asked.",
                                                        "What a day! it was over."]),
        ("« Qui ? » demanda-t-il. «\u202fMoi.\u202f» Il rit.", ["« Qui ? » demanda-t-il.",
                                                              "«\u202fMoi.\u202f»", "Il rit."]),
        ("« Qui\u00a0?\u00a0», dit-il. Moi.", ["« Qui\u00a0?\u00a0», dit-il.", "Moi."]),
        ("„Wer?“ fragte er. »Ich!« rief sie. Gut.", ["„Wer?“ fragte er.", "»Ich!« rief sie.",
                                                    "Gut."]),
        ("Er kam am 3. Oktober. Im 19. Jahrhundert war es so. Es waren 3. Sie gingen.",
         ["Er kam am 3. Oktober.", "Im 19. Jahrhundert war es so.", "Es waren 3.", "Sie gingen."]),
        ("Tiere, z. B. Hunde, und d. h. Katzen. Gut.", ["Tiere, z. B. Hunde, und d. h. Katzen.",
                                                       "Gut."]),
        ("1. The first item. It is long.", ["1. The first item.", "It is long."]),
        ("It costs $3.50. Please pay now.", ["It costs $3.50.", "Please pay now."]),
        ("It grew in 2019. Sales fell.", ["It grew in 2019.", "Sales fell."]),
        ("Take vitamin C. Doctors agree with J. K. Rowling.",
         ["Take vitamin C.", "Doctors agree with J. K. Rowling."]),
        ("He founded Acme Inc. Everyone knew Acme Inc. Chief Bob.",
         ["He founded Acme Inc.", "Everyone knew Acme Inc. Chief Bob."]),
        ("Pears, plums, etc. Nobody came.", ["Pears, plums, etc.", "Nobody came."]),
        ("i went home. then i slept, e.g. well.", ["i went home.", "then i slept, e.g. well."]),
        ("वह आया। वह गया।", ["वह आया।", "वह गया।"]),
        ("A title\n\nA line\nthat goes on. 一行\n另一行。", ["A title", "A line that goes on.",
                                                        "一行另一行。"]),
        ("Siehe Abb. 3 und Abs. 2. Die Fa. Müller hat 3 Mrd. Euro. Sie wohnt in der Hauptstr. 5.",
         ["Siehe Abb. 3 und Abs. 2.", "Die Fa. Müller hat 3 Mrd. Euro.",
          "Sie wohnt in der Hauptstr. 5."]),
        ("Gem. § 5 gilt das. Er starb 44 v. Chr. in Rom.", ["Gem. § 5 gilt das.",
                                                            "Er starb 44 v. Chr. in Rom."]),
        ("La Dra. Ruiz vive en EE. UU. desde 1990. Véase la pág. 5. Llegó a las 5 p. m. La cena "
         "estaba lista.",
         ["La Dra. Ruiz vive en EE. UU. desde 1990.", "Véase la pág. 5.", "Llegó a las 5 p. m.",
          "La cena estaba lista."]),
        ("MM. Dupont et M. Le Goff mesurent 1,80 m. Marie est née en 50 av. J.-C. à Paris.",
         ["MM. Dupont et M. Le Goff mesurent 1,80 m.", "Marie est née en 50 av. J.-C. à Paris."]),
        ("Он родился в 1950 г. Потом проф. Иванов жил на ул. Ленина, им. Пушкина и т. д. Это всё.",
         ["Он родился в 1950 г.", "Потом проф. Иванов жил на ул. Ленина, им. Пушкина и т. д.",
          "Это всё."]),
        ("См. рис. 5 и стр. 12. «Кто там?» — спросил он. Да.",
         ["См. рис. 5 и стр. 12.", "«Кто там?» — спросил он.", "Да."]),
        ("Музей им. Пушкина дал им. Он рад.", ["Музей им. Пушкина дал им.", "Он рад."]),
        ("He lives at 6 Elm St. She went to St. Louis. Est. 1990.",
         ["He lives at 6 Elm St.", "She went to St. Louis.", "Est. 1990."]),
        ("他说：“好。”她说：“不。”“谁？”他问。", ["他说：“好。”", "她说：“不。”", "“谁？”他问。"]),
        ("《你好！》是一本书。我读《走吧！》\n好。",
         ["《你好！》是一本书。", "我读《走吧！》", "好。"]),
        (" \n ", []),
    ],
)  # fmt: skip
def test_sentences(text: str, want: list[str]) -> None:
    assert sentences(text) == want
    assert [flat(text[a:b]) for a, b in spans(text)] == want


def test_lines_keep_what_a_document_means_and_join_what_was_only_wrapped() -> None:
    document = (
        "Chapter 1\n\n"
        "It was the best of times, it was the worst of\ntimes, it was the age of wisdom, it was "
        "the age\nof foolishness.\nA new line after a sentence.\n\n\n"
        "- bread\n- milk\n"
        "- an item of a list that is so long that it had to be\n  wrapped\n  - one in it\n"
    )
    assert lines(document) == [
        "Chapter 1", "",
        "It was the best of times, it was the worst of times, it was the age of wisdom, it was "
        "the age of foolishness.", "A new line after a sentence.", "", "", "- bread", "- milk",
        "- an item of a list that is so long that it had to be wrapped", "  - one in it",
    ]  # fmt: skip


def test_nothing_stands_between_chinese_characters() -> None:
    assert join(["好。", "是。", "Yes.", "", "No.", "不。"]) == "好。是。 Yes. No. 不。"


def test_parts_hold_every_piece_in_order_and_no_more_than_they_may() -> None:
    pieces = ["aa", "bbb", "c", "dddd dddd ddd", "eeeeeeeeeee", "f"]
    groups = parts(pieces, len, 5)
    assert all(sum(map(len, group)) <= 5 for group in groups)
    assert "".join(piece for group in groups for piece in group) == "".join(pieces).replace(" ", "")
    assert groups[0] == ["aa", "bbb"]
