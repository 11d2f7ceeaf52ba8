"""Words that tell whether a full stop ends a sentence: English, German, French, Spanish, Russian.

All in small letters and without their last full stop, but where only capitals are meant.
"""

from __future__ import annotations


def _set(*languages: str) -> frozenset[str]:
    return frozenset(word for words in languages for word in words.split())


# With a name after them, so that no sentence ends there.
BEFORE_A_NAME = _set(
    "mr mrs ms mx dr prof sr fr rev hon gen col maj capt cpt lt sgt cmdr adm gov sen rep pres "
    "messrs e.g i.e cf vs viz al mt",
    "hr hrn bzw sog vgl d.h z.b u.a mgr dipl bspw insb",
    "M MM mme mmes mlle av",
    "sra sres srta dra dña ing lic arq ee avda",
    "проф акад доц ул просп т.е т.н г-н г-жа",
)
BEFORE_A_NUMBER = _set(
    "no nos nr fig figs eq p pp s vol vols ch chap sec art ca approx est tel "
    "jan feb mar apr jun jul aug sept oct nov dec",
    "okt dez abb abs bd gem kap nrn tab ziff",
    "janv févr juil env éd",
    "núm nro pág págs cap",
    "рис стр гл п пп табл тел",
)
STREET = ("str", "straße")  # how German ones end: Hauptstr. 5
# With a name or a noun after them, but a sentence may end there, which a word of `STARTERS` shows.
MAY_END = _set(
    "inc ltd co corp jr llc plc bros st ft",
    "fa mio mrd tsd",
    "гг см св им",
)
BEFORE_A_LETTER = _set(  # "vitamin C." ends a sentence, "Mr. C." does not
    "vitamin vitamins hepatitis plan type grade class group option section part appendix exhibit "
    "category team factor letter level model phase product block gate terminal and or to of than"
)
NO_STARTERS = ("J.-C", "Chr.", "н.э")  # "av. J.-C.", "v. Chr."
# Words that begin a sentence after what may end one: "at 5 p.m. The train ...". None that names
# begin with: R. De Niro.
STARTERS = _set(
    "the a an he she it they we you i in on at but and so this that these there when if for as "
    "his her its their our my after then everyone everybody nobody somebody someone anyone no "
    "nothing all many most some few several each both another other others what who why how where "
    "which whose now here however meanwhile still yet while since because although though despite "
    "under with without to of from by not one two before during until once perhaps maybe please "
    "today yesterday tomorrow also even only just again later nevertheless do does did is are was "
    "were can could will would should have has had let",
    "der die das ein eine er sie es wir ihr ich und aber im am auf doch dann den dem man wenn als "
    "nach mit von bei da dort hier jetzt heute gestern danach nun denn weil obwohl nicht kein "
    "keine alle viele wer wie wo warum auch noch sein seine ihre mein meine unser diese dieser "
    "dieses",
    "le la les un une il elle ils elles nous vous je on ce cette ces mais et dans pour sa son ses "
    "leur leurs puis ensuite alors après avec sans par en si quand comme cela ça ici hier demain",
    "el los las una él ella ellos ellas yo tú usted ustedes nosotros y pero con por para se su sus "
    "este esta esto ese esa después luego entonces hoy ayer cuando también desde hasta",
    "он она оно они мы вы я ты это этот эта эти тот та то в во на но и а с со по из от до для при "
    "за у к о об так там тут потом затем теперь сейчас когда если как что кто где после все всё "
    "его её их мой наш однако поэтому также ещё уже не да нет",
)
# German ordinals: "am 3. Oktober", "im 19. Jahrhundert".
BEFORE_AN_ORDINAL = _set(
    "am im vom zum zur beim der die das den dem des ein eine einen einem einer eines und bis jeder "
    "jede jeden ihr ihre ihren sein seine seinen"
)
MONTHS = _set(
    "januar jänner februar märz april mai juni juli august september oktober november dezember"
)
