"""The special tokens of a tokenizer: roles such as ``eos_token``, and adding tokens."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping
from typing import Any

from gpt2.errors import OptionError, TokenizerError
from gpt2.tokenizer.vocabulary import AddedToken


def _role(role: str) -> tuple[property, property]:
    """The properties ``<role>_token`` and ``<role>_token_id``."""

    def token(self: SpecialTokens) -> str | None:
        return self._roles.get(role)

    def set_token(self: SpecialTokens, value: Any) -> None:
        self._assign(role, value)

    def token_id(self: SpecialTokens) -> int | None:
        content = self._roles.get(role)
        return None if content is None else self._ids[content]

    def set_token_id(self: SpecialTokens, value: int | None) -> None:
        self._assign(role, None if value is None else self._token(value))

    note = f"The {role} token; None if there is none."
    return property(token, set_token, doc=note), property(token_id, set_token_id, doc=note)


class SpecialTokens(abc.ABC):
    """Base of `GPT2Tokenizer`: which tokens are special and what role they have.

    Setting a role (``tokenizer.pad_token = tokenizer.eos_token``) takes a token that exists and
    makes it special; `add_special_tokens` also adds it.
    """

    ROLES = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
    OTHER_ROLES = ("sep_token", "cls_token", "mask_token")

    bos_token, bos_token_id = _role("bos")
    eos_token, eos_token_id = _role("eos")
    unk_token, unk_token_id = _role("unk")
    sep_token, sep_token_id = _role("sep")
    pad_token, pad_token_id = _role("pad")
    cls_token, cls_token_id = _role("cls")
    mask_token, mask_token_id = _role("mask")

    name_or_path = ""
    _added: dict[int, AddedToken]
    _ids: dict[str, int]
    _roles: dict[str, str]
    _more: list[str]

    @abc.abstractmethod
    def _index(self) -> None:
        """Make what is looked up anew, after tokens were added."""

    @abc.abstractmethod
    def _token(self, i: int) -> str:
        """The text of a token."""

    @property
    def additional_special_tokens(self) -> list[str]:
        """Special tokens without a role."""
        return list(self._more)

    @property
    def special_tokens_map(self) -> dict[str, Any]:
        """Role -> token, for the roles that are taken."""
        roles: dict[str, Any] = {
            f"{role}_token": self._roles[role] for role in self.ROLES if role in self._roles
        }
        return roles | ({"additional_special_tokens": list(self._more)} if self._more else {})

    @property
    def all_special_tokens(self) -> list[str]:
        """Every special token once, those with a role first."""
        return list(
            dict.fromkeys([*(self._roles[r] for r in self.ROLES if r in self._roles), *self._more])
        )

    @property
    def all_special_ids(self) -> list[int]:
        """The ids of `all_special_tokens`."""
        return [self._ids[token] for token in self.all_special_tokens]

    @property
    def added_tokens_decoder(self) -> dict[int, AddedToken]:
        """Id -> token, of all tokens found in the text as a whole."""
        return dict(sorted(self._added.items()))

    def get_added_vocab(self) -> dict[str, int]:
        """Token -> id, of all tokens found in the text as a whole."""
        return {token.content: i for i, token in sorted(self._added.items())}

    def add_special_tokens(
        self, tokens: Mapping[str, Any], replace_additional_special_tokens: bool = True
    ) -> int:
        """Give roles to tokens, adding those the vocabulary lacks at its end.

        Args:
            tokens: ``{"pad_token": "<pad>", "additional_special_tokens": [...]}``.

        Returns:
            How many ids are new: the model's embedding must grow by as many.
        """
        names = [f"{role}_token" for role in self.ROLES]
        lists = ("additional_special_tokens", "extra_special_tokens")
        new: list[AddedToken] = []
        for name, value in tokens.items():
            if name not in (*names, *lists):
                raise OptionError(f"There is no special token {name!r}: use {', '.join(names)}.")
            new += [AddedToken.of(v, special=True) for v in (value if name in lists else [value])]
        count = self._add(new, special=True)
        for name, value in tokens.items():
            if name in names:
                self._roles[name[:-6]] = str(AddedToken.of(value))
            elif value:
                more = [str(AddedToken.of(v)) for v in value]
                kept = [] if replace_additional_special_tokens else self._more
                self._more = list(dict.fromkeys([*kept, *more]))
        return count

    def add_tokens(self, tokens: Any, special_tokens: bool = False) -> int:
        """Add tokens that are found in a text before it is split; how many ids are new."""
        several = [tokens] if isinstance(tokens, (str, AddedToken)) else list(tokens)
        new = [AddedToken.of(token, special=special_tokens) for token in several]
        return self._add(new, special_tokens)

    def _add(self, tokens: Iterable[AddedToken], special: bool) -> int:
        before = len(self._ids)
        top = max(self._ids.values(), default=-1) + 1
        for token in tokens:
            if not token.content:
                raise TokenizerError("A token cannot be empty.")
            known = self._ids.get(token.content)
            if known in self._added and (self._added[known].special or not special):
                continue
            if known is None:
                known, top = top, top + 1
                self._ids[token.content] = known
            self._added[known] = token
        self._index()
        return len(self._ids) - before

    def _assign(self, role: str, value: Any) -> None:
        if value is None:
            self._roles.pop(role, None)
            return
        token = AddedToken.of(value, special=True)
        if token.content not in self._ids:
            raise TokenizerError(
                f"The vocabulary has no token {token.content!r}: add it with "
                f"tokenizer.add_special_tokens({{'{role}_token': {token.content!r}}})."
            )
        self._add([token], special=True)
        self._roles[role] = token.content
