"""What a story can be about: words, things, places and people, each in English and Chinese."""

from __future__ import annotations

from dataclasses import dataclass, replace

EN, ZH = "en", "zh"

PRONOUNS = {
    "girl": {"he": "she", "him": "her", "his": "her", "himself": "herself", "zh": "她"},
    "boy": {"he": "he", "him": "him", "his": "his", "himself": "himself", "zh": "他"},
    "many": {"he": "they", "him": "them", "his": "their", "himself": "themselves", "zh": ""},
}


@dataclass(frozen=True)
class Word:
    """Any word with its translation; `pool` is where another of its kind is found."""

    en: str
    zh: str
    pool: str = ""

    def form(self, attribute: str, language: str) -> str:
        """The word in one language: the plain form, or the form an attribute names."""
        if attribute:
            raise KeyError(f"{type(self).__name__} {self.en!r} has no form {attribute!r}")
        return self.en if language == EN else self.zh


@dataclass(frozen=True)
class Thing(Word):
    """A thing that is counted: `yi` a kite, `zhe` this kite, `na` that kite, `s` kites."""

    measure: str = "个"
    plural: str = ""

    def form(self, attribute: str, language: str) -> str:
        """The plain form, the plural, the measure word, or the thing with a, this or that."""
        if attribute == "mw":
            return self.measure
        if attribute == "s":
            return (self.plural or plural(self.en)) if language == EN else self.zh
        if attribute in DETERMINERS:
            en, zh = DETERMINERS[attribute]
            return f"{en} {self.en}" if language == EN else f"{zh}{self.measure}{self.zh}"
        return super().form(attribute, language)


DETERMINERS = {"yi": ("a", "一"), "zhe": ("this", "这"), "na": ("that", "那")}


@dataclass(frozen=True)
class Place(Word):
    """A place: `in` says where (in the park, 公园里), the plain form is for "to the park"."""

    preposition: str = "in"
    side: str = "里"

    def form(self, attribute: str, language: str) -> str:
        """The plain form, or where something is."""
        if attribute == "in":
            return f"{self.preposition} the {self.en}" if language == EN else self.zh + self.side
        return super().form(attribute, language)


@dataclass(frozen=True)
class Person(Word):
    """Somebody: pronouns `he him his himself`, `kind` (girl, rabbit), `full` (Pip the rabbit)."""

    gender: str = "girl"
    kind: Thing = Thing("girl", "小女孩")
    animal: bool = False

    def form(self, attribute: str, language: str) -> str:
        """The name, a pronoun, or what kind of person it is."""
        lower = attribute.lower()
        if lower in PRONOUNS["girl"]:
            return self._pronoun(attribute, language)
        if attribute == "kind":
            return self.kind.form("", language)
        if attribute == "full":
            return self._full(language)
        if attribute in ("yi", "mw", "zhe", "na", "s"):
            return self.kind.form(attribute, language)
        return super().form(attribute, language)

    def _pronoun(self, attribute: str, language: str) -> str:
        if language == EN:
            word = PRONOUNS[self.gender][attribute.lower()]
            return word.capitalize() if attribute[0].isupper() else word
        pronoun = self._zh_pronoun()
        return {"his": pronoun + "的", "himself": pronoun + "自己"}.get(attribute.lower(), pronoun)

    def _zh_pronoun(self) -> str:
        return "它" if self.animal else PRONOUNS[self.gender]["zh"]

    def _full(self, language: str) -> str:
        if not self.animal:
            return self.en if language == EN else self.zh
        return f"{self.en} the {self.kind.en}" if language == EN else self.kind.zh + self.zh


@dataclass(frozen=True)
class Group(Person):
    """Several people: they, 他们 (她们 when all are girls, 它们 when all are animals)."""

    members: tuple[Person, ...] = ()

    def _zh_pronoun(self) -> str:
        if all(m.animal for m in self.members):
            return "它们"
        girls = all(m.gender == "girl" and not m.animal for m in self.members)
        return "她们" if girls else "他们"


def together(*members: Person) -> Group:
    """Tom and Lily, 汤姆和莉莉."""
    *first, last = members
    en = ", ".join(m.en for m in first) + f" and {last.en}"
    zh = "、".join(m.zh for m in first) + f"和{last.zh}"
    return Group(en, zh, gender="many", members=members)


def plural(noun: str) -> str:
    """The regular plural of an English noun."""
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def parse(line: str, kind: type[Word] = Word, pool: str = "") -> Word:
    """One line of a pool, `en ~ zh`, and for a thing `~ measure ~ plural`, a place `~ in ~ 里`.

    Where the kind is not said, a line that begins with `@` is a place.
    """
    if line.startswith("@"):
        line, kind = line[1:], Place
    en, zh, *more = (part.strip() for part in line.split("~"))
    if more and kind is Word:
        kind = Thing
    if kind is Word:
        return Word(en, zh, pool)
    return kind(en, zh, pool, *more)


def of_pool(value: Word, pool: str) -> Word:
    """The same value, told which pool it came from."""
    return replace(value, pool=pool)
