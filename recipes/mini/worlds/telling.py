"""Telling a story: a teller keeps the state, and writes each sentence in both languages at once.

A world gives the teller **blocks**, separated by empty lines. A block is one place in the story
and has a line for each way to say it, `English ~ Chinese`; one is drawn. A block that begins with
`?` is told half of the time, `--` begins a paragraph, and ` // ` separates several sentences that
belong together. Within a line

- `{a}` is a value of the state, `{a.he}` one of its forms, `{a+b}` two people together;
- `{:happy}` is a fresh word of a pool, the same word in both languages;
- `(walked|ran)` is one choice for both languages, the first with the first and so on;
- `[glad|happy]` is a choice that each language makes for itself, unless both have as many choices
  of as many options in `[ ]`: then they go together as in `( )`.

`{x?}` in a question of kind `is`, `did` or `maybe` is the truth or another of its kind; the answer
is yes or (不是, 没有, not said) accordingly.

What reading the stories taught (both languages, unpicked):

- A pronoun needs one possible owner: with two of a gender in a sentence, repeat the name.
- Chinese drops the pronoun a second clause would have in English, and wants 了 at what changed
  rather than at every verb; "his mom" is 妈妈, not 他的妈妈.
- Choose a thing's measure word and verb with the thing: 一条围巾 is 系, 一顶帽子 is 戴.
- A line with no value of the state in it is the same in every story: give it one.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from .people import Cast
from .pools import ENDINGS, MEETINGS, POOLS, UNSAID
from .values import EN, ZH, Person, Word, parse, together
from .wording import exchanged, spoken

SLOT = re.compile(r"\{([^{}]*)\}")
LINKED = re.compile(r"\(([^()]*)\)")
FREE = re.compile(r"\[([^\[\]]*)\]")
SUBJECT = re.compile(r"\{(\w+)\} (?!and |or ).* ~ \{\1\}(?!的|和|、|跟|与)")
ANSWERS = {
    "yes": ("Yes", "是的"),
    "no": ("No", "不是"),
    "nodid": ("No", "没有"),
    "unsaid": ("Not said", "没有说"),
}
FALSE = {"is": "no", "did": "nodid", "maybe": "unsaid"}  # the answer where it is not so
Pair = dict[str, str]


@dataclass
class Story:
    """A story in both languages with what follows from its state."""

    world: str
    seed: int
    plot: str = ""
    title: Pair = field(default_factory=dict)
    sentences: list[Pair] = field(default_factory=list)
    paragraphs: list[int] = field(default_factory=lambda: [0])  # where each paragraph begins
    summary: Pair = field(default_factory=dict)
    questions: list[dict[str, Any]] = field(default_factory=list)

    def text(self, language: str) -> str:
        """The whole story, a paragraph a line."""
        ends = [*self.paragraphs[1:], len(self.sentences)]
        joint = " " if language == EN else ""
        return "\n".join(
            joint.join(pair[language] for pair in self.sentences[start:end])
            for start, end in zip(self.paragraphs, ends, strict=True)
        )


class Teller:
    """Keeps the state of one story, draws what is open, and writes."""

    def __init__(self, world: str, seed: int) -> None:
        self.random = random.Random(f"{world}/{seed}")
        self.story = Story(world, seed)
        self.cast = Cast(self.random)
        self.state: dict[str, Word] = {}
        self.told: set[str] = set()
        self._questions: list[tuple[str, str]] = []
        self._said: set[str] = set()  # the keys of what the sentences have told
        self._before: list[Person] = []  # the people of the sentence before

    # -- the state

    def child(self, *keys: str, gender: str = "") -> None:
        """Children, each with a name of its own."""
        for key in keys:
            self.state[key] = self.cast.child(gender)

    def animal(self, *keys: str, kind: str = "") -> None:
        """Animals with names, of kinds that differ; `kind` is a line `en ~ zh ~ measure`."""
        for key in keys:
            self.state[key] = self.cast.animal(kind)

    def kin(self, key: str, of: str, who: str = "") -> None:
        """A parent or grandparent of somebody."""
        owner = self.state[of]
        assert isinstance(owner, Person)
        self.state[key] = self.cast.kin(who, owner.animal)

    def adult(self, key: str) -> None:
        """A grown-up neighbour: Mrs. Green, 王叔叔."""
        self.state[key] = self.cast.adult()

    def pick(self, **pools: str | Sequence[str]) -> None:
        """Draws values: `k="toys"` from a pool, or one of the lines of a list. Never one twice."""
        for key, source in pools.items():
            if isinstance(source, str):
                values = POOLS[source]
            else:
                name = f"{key}: {source}"
                values = POOLS.setdefault(name, [parse(line, pool=name) for line in source])
            used = {v.en for v in self.state.values()} | {v.zh for v in self.state.values()}
            free = [v for v in values if v.en not in used and v.zh not in used]
            self.state[key] = self.random.choice(free)

    def let(self, **values: str) -> None:
        """Sets values: `k="kite ~ 风筝 ~ 只"`."""
        self.state.update({key: parse(line) for key, line in values.items()})

    def same(self, key: str, old: str) -> None:
        """Gives a value of the state a second name."""
        self.state[key] = self.state[old]

    def chance(self, share: float = 0.5) -> bool:
        """True in this share of the stories."""
        return self.random.random() < share

    def branch(self, *labels: str) -> str:
        """Draws which way the story goes; the ways taken are the story's plot."""
        label = self.random.choice(labels)
        self.story.plot = f"{self.story.plot}-{label}" if self.story.plot else label
        return label

    # -- the text

    def tell(self, text: str) -> None:
        """Tells the blocks in order."""
        for block in blocks(text):
            if block == ("--",):
                self._paragraph()
                continue
            optional = block[0].startswith("?")
            if not optional or self.chance(0.65):
                lines = self._after_speech([line.lstrip("? ") for line in block])
                for part in self.random.choice(lines).split(" // "):
                    pair = self._pair(self._with_pronoun(part), said=self._said)
                    self.story.sentences.append(
                        {
                            language: spoken(pair[language], language, self.random)
                            for language in pair
                        }
                    )

    def some(self, count: int, *texts: str) -> None:
        """Tells some of the texts, in an order that is drawn."""
        for text in self.random.sample(texts, count):
            self.tell(text)

    def meet(self, key: str = "a", like: bool = True) -> None:
        """Introduces a hero by kind, trait and home, and what it likes."""
        person = self.state[key]
        assert isinstance(person, Person)
        side = "den" if person.animal else "home"
        defaults = {"trait": "traits", "home": side + "s", "like": side + "_likes"}
        self.pick(**{k: pool for k, pool in defaults.items() if k not in self.state})
        self.state["hero"] = person
        self.tell(MEETINGS["like" if like else "plain"])
        self.told.add("home")
        self.ask(MEETINGS["asked"] + (MEETINGS["asked_like"] if like else ""))

    def ending(self, key: str = "a") -> None:
        """A last sentence or two that fit most stories that end well."""
        self.state["hero"] = self.state[key]
        self.tell(ENDINGS)

    def title(self, text: str) -> None:
        """The title, one of the lines."""
        pair = self._pair(self.random.choice(blocks(text)[0]), dot=False)
        self.story.title = {EN: titled(pair[EN]), ZH: pair[ZH]}

    def summary(self, text: str) -> None:
        """The story in one sentence, one of the lines."""
        self.story.summary = self._pair(self.random.choice(blocks(text)[0]))

    def ask(self, text: str) -> None:
        """Questions, a line each: `kind: question => answer ~ 问题 => 回答`.

        Kinds without an answer: yes, no (不是), nodid (没有), unsaid, is, did, maybe. What no
        sentence has told is answered by "not said".
        """
        for block in blocks(text):
            for line in block:
                kind, _, body = line.partition(": ")
                self._questions.append((kind, body))

    def finish(self, most: int = 7) -> Story:
        """Writes the questions and gives the story."""
        hero = next(v for v in self.state.values() if isinstance(v, Person))
        self.state.setdefault("hero", hero)
        if "when" in self.state:
            self.ask(MEETINGS["when"])
        chosen = sorted(
            self.random.sample(range(len(self._questions)), min(most, len(self._questions)))
        )
        open_ends = [line for tag, line in UNSAID if tag not in self.told]
        for kind, body in (self._questions[i] for i in chosen):
            self.story.questions.append(self._question(kind, body))
        if self.chance(0.4) or all(q["kind"] != "unsaid" for q in self.story.questions):
            self.story.questions.append(self._question("unsaid", self.random.choice(open_ends)))
        return self.story

    # -- writing

    def _paragraph(self) -> None:
        self._before = []
        if self.story.paragraphs[-1] != len(self.story.sentences):
            self.story.paragraphs.append(len(self.story.sentences))

    def _after_speech(self, lines: list[str]) -> list[str]:
        """The lines that may follow: after speech no other speech, or in a new paragraph."""
        if not self.story.sentences or not self.story.sentences[-1][EN].endswith('"'):
            return lines
        quiet = [line for line in lines if not line.startswith('"')]
        if not quiet:
            self._paragraph()
        return quiet or lines

    def _with_pronoun(self, line: str) -> str:
        """The line beginning with a pronoun, sometimes, where it can mean one person only."""
        keys = [k for m in SLOT.finditer(line) for k in m[1].partition(".")[0].split("+")]
        here = [v for k in keys if isinstance(v := self.state.get(k), Person)]
        before, self._before = self._before, here
        match = SUBJECT.match(line)
        if not match or set(before) != {self.state.get(match[1])} or not self.chance(0.75):
            return line
        key, hero = match[1], before[0]
        if any(other.gender == hero.gender or other.animal for other in set(here) - {hero}):
            return line
        en, zh = line.split(" ~ ")
        return f"{{{key}.He}}{en[len(key) + 2 :]} ~ {{{key}.he}}{zh[len(key) + 2 :]}"

    def _question(self, kind: str, body: str) -> dict[str, object]:
        en, zh = (side.partition(" => ") for side in body.split(" ~ "))
        drawn: dict[str, Word] = {}
        asked = self._pair(f"{en[0]} ~ {zh[0]}", drawn=drawn)
        if kind not in ANSWERS and not self._all_told(body):
            kind, answer = "unsaid", ANSWERS["unsaid"]
        elif kind in FALSE:
            true = all(drawn[key] == self.state[key] for key in drawn if key in self.state)
            answer = ANSWERS["yes" if true else FALSE[kind]]
            kind = "yesno" if true or kind != "maybe" else "unsaid"
        elif kind in ANSWERS:
            answer = ANSWERS[kind]
            kind = "unsaid" if kind == "unsaid" else "yesno"
        else:
            pair = self._pair(f"{en[2]} ~ {zh[2]}", dot=False)
            answer = (pair[EN], pair[ZH])
        return {
            "kind": kind,
            EN: {"q": asked[EN], "a": answer[0]},
            ZH: {"q": asked[ZH], "a": answer[1]},
        }

    def _all_told(self, body: str) -> bool:
        """Whether a sentence has told what the answer needs: `{x?}` and what follows `=>`."""
        answers = "".join(side.partition(" => ")[2] for side in body.split(" ~ "))
        needed = re.findall(r"\{(\w+)\?\}", body) + re.findall(r"\{(\w+)[.}]", answers)
        told = [self.state[key] for key in self._said if key in self.state]
        open_ = [self.state[key] for key in needed]
        return all(v in told for v in open_ if v.pool or isinstance(v, Person))

    def _pair(
        self,
        line: str,
        dot: bool = True,
        drawn: dict[str, Word] | None = None,
        said: set[str] | None = None,
    ) -> Pair:
        en, zh = halves(line)
        drawn = {} if drawn is None else drawn
        picks: list[int] = []
        together = parallel(line)
        open_ = {
            EN: self._choices(en, picks, True, together),
            ZH: self._choices(zh, picks, False, together),
        }
        if said is not None:
            said |= {k for m in SLOT.finditer(open_[EN]) for k in m[1].partition(".")[0].split("+")}
            open_ = {side: exchanged(text, side, self.random) for side, text in open_.items()}
        written = {side: self._slots(text, side, drawn) for side, text in open_.items()}
        if dot and (written[EN][-1] not in '.!?"' or written[ZH][-1] not in "。！？”…"):
            raise ValueError(f"a sentence without its end: {written}")
        return {EN: polished(written[EN]), ZH: written[ZH]}

    def _choices(self, text: str, picks: list[int], first: bool, together: bool) -> str:
        place = iter(range(len(picks)))

        def linked(match: re.Match[str]) -> str:
            options = match[1].split("|")
            if first:
                picks.append(self.random.randrange(len(options)))
                return options[picks[-1]]
            return options[picks[next(place)]]

        text = LINKED.sub(linked, text)
        if together:
            return FREE.sub(linked, text)
        return FREE.sub(lambda m: self.random.choice(m[1].split("|")), text)

    def _slots(self, text: str, language: str, drawn: dict[str, Word]) -> str:
        seen: dict[str, int] = {}

        def value(match: re.Match[str]) -> str:
            key, _, attribute = match[1].partition(".")
            if key.startswith(":"):
                seen[key] = seen.get(key, 0) + 1
                word = drawn.setdefault(f"{key}{seen[key]}", self._fresh(key[1:], drawn))
            elif key.endswith("?"):
                word = drawn.setdefault(key[:-1], self._maybe(key[:-1]))
            elif "+" in key:
                word = together(*(self.state[k] for k in key.split("+")))  # type: ignore[arg-type]
            else:
                word = self.state[key]
            return word.form(attribute, language)

        return SLOT.sub(value, text)

    def _fresh(self, pool: str, drawn: dict[str, Word]) -> Word:
        return self.random.choice([w for w in POOLS[pool] if w not in drawn.values()])

    def _maybe(self, key: str) -> Word:
        """The value itself, or another of its kind that is nowhere in this story."""
        word = self.state[key]
        if self.chance():
            return word
        if isinstance(word, Person):
            others: list[Word] = [v for v in self.state.values() if isinstance(v, Person)]
            others = [v for v in others if v != word]
        else:
            used = {v.en for v in self.state.values()} | {v.zh for v in self.state.values()}
            others = [v for v in POOLS[word.pool] if v.en not in used and v.zh not in used]
        return self.random.choice(others) if others else word


@lru_cache(None)
def blocks(text: str) -> tuple[tuple[str, ...], ...]:
    """The blocks of a text, each the lines of one place in the story."""
    parts = re.split(r"\n\s*\n", text.strip())
    found = [tuple(line.strip() for line in part.strip().splitlines()) for part in parts]
    for block in found:
        for line in block:
            for part in line.split(" // ") if line != "--" else ():
                halves(part.partition(": ")[2] if "=>" in part else part)
    return tuple(found)


@lru_cache(None)
def parallel(line: str) -> bool:
    """Whether both languages of a line have the same shape of choices in `[ ]`."""
    en, zh = ([m[1].count("|") for m in FREE.finditer(side)] for side in halves(line))
    return en == zh


@lru_cache(None)
def halves(line: str) -> tuple[str, str]:
    """The English and the Chinese of a line, whose linked choices must agree."""
    sides = line.split(" ~ ")
    if len(sides) != 2:
        raise ValueError(f"a line is English ~ Chinese, once: {line!r}")
    en, zh = sides
    shapes = [[m[1].count("|") for m in LINKED.finditer(side)] for side in sides]
    if shapes[0] != shapes[1]:
        raise ValueError(f"the choices in ( ) differ between the languages: {line!r}")
    return en, zh


def polished(text: str) -> str:
    """English with a or an by the next word's sound, and capitals where a sentence begins."""
    text = re.sub(r"\b([Aa]) (?=[aeiouAEIO]|hour|honest)(?!one\b|us|uni|eu)", r"\1n ", text)
    start = re.compile(r'(^"?|(?<!\.)[.!?] |[.!?:] ")([a-z])')
    return start.sub(lambda m: m[1] + m[2].upper(), text)


SMALL = {"a", "an", "the", "and", "of", "in", "on", "to", "for", "that", "who", "with", "by", "at"}


def titled(text: str) -> str:
    """English with the capitals of a title."""
    words = text.split()
    return " ".join(w if i and w in SMALL else w[0].upper() + w[1:] for i, w in enumerate(words))
