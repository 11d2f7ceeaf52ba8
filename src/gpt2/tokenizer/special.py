"""The special tokens of a tokenizer: roles such as ``eos_token``, and adding tokens."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping
from typing import Any

from gpt2.errors import OptionError, TokenizerError, show
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
    """The special tokens and their roles.

    Setting a role (``tokenizer.pad_token = tokenizer.eos_token``) requires an existing token and
    does not change how texts are encoded; `add_special_tokens` adds a token and makes it special.
    Custom roles ("image_token", from ``extra_special_tokens={"image_token": "<img>"}``) are
    attributes too.
    """

    ROLES = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")

    bos_token, bos_token_id = _role("bos")
    eos_token, eos_token_id = _role("eos")
    unk_token, unk_token_id = _role("unk")
    sep_token, sep_token_id = _role("sep")
    pad_token, pad_token_id = _role("pad")
    cls_token, cls_token_id = _role("cls")
    mask_token, mask_token_id = _role("mask")

    name_or_path = ""
    pad_token_type_id = 0
    _vocab: dict[str, int]
    _added: dict[int, AddedToken]
    _ids: dict[str, int]
    _tokens: dict[int, str]
    _roles: dict[str, str]
    _more: list[str]

    @abc.abstractmethod
    def _index(self) -> None:
        """Rebuild the lookup tables after tokens were added."""

    @abc.abstractmethod
    def _token(self, i: int) -> str:
        """The text of a token. Raises `TokenizerError` for an unknown id."""

    @abc.abstractmethod
    def _is_itself(self, token: str) -> bool:
        """Whether a vocabulary token's spelling equals the text it represents."""

    @abc.abstractmethod
    def _is_ordinary(self, token: str) -> bool:
        """Whether encoding can produce this vocabulary token without adding it."""

    def __getattr__(self, name: str) -> Any:
        roles = self.__dict__.get("_roles", {})
        content = roles.get(name.removesuffix("_id").removesuffix("_token"))
        if content is None or not name.endswith(("_token", "_token_id")):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}.")
        return content if name.endswith("_token") else self._ids[content]

    @property
    def additional_special_tokens(self) -> list[str]:
        """Special tokens without a role."""
        return list(self._more)

    extra_special_tokens = additional_special_tokens

    @property
    def special_tokens_map(self) -> dict[str, Any]:
        """Role -> token, for the roles that are set."""
        return {f"{role}_token": self._roles[role] for role in self._named_roles()}

    def _named_roles(self) -> list[str]:
        usual = [role for role in self.ROLES if role in self._roles]
        return usual + [role for role in self._roles if role not in self.ROLES]

    @property
    def all_special_tokens(self) -> list[str]:
        """All special tokens without duplicates, those with a role first."""
        return list(dict.fromkeys([*(self._roles[r] for r in self._named_roles()), *self._more]))

    @property
    def all_special_ids(self) -> list[int]:
        """The ids of `all_special_tokens`."""
        return [self._ids[token] for token in self.all_special_tokens]

    @property
    def added_tokens_decoder(self) -> dict[int, AddedToken]:
        """Id -> token, for all tokens matched in the text before it is split."""
        return dict(sorted(self._added.items()))

    @property
    def added_tokens_encoder(self) -> dict[str, int]:
        """Token -> id, for all tokens matched in the text before it is split."""
        return {token.content: i for i, token in sorted(self._added.items())}

    def get_added_vocab(self) -> dict[str, int]:
        """Token -> id, for all tokens matched in the text before it is split."""
        return self.added_tokens_encoder

    def add_special_tokens(
        self,
        special_tokens_dict: Mapping[str, Any],
        replace_extra_special_tokens: bool = True,
        **renamed: bool,
    ) -> int:
        """Assign roles to tokens, and append those that the vocabulary lacks.

        Args:
            special_tokens_dict: ``{"pad_token": "<pad>", "additional_special_tokens": [...]}``.
            replace_extra_special_tokens: replace the existing ones without a role.

        Returns:
            The number of new ids, by which the model's embedding must grow.
        """
        replace = renamed.pop("replace_additional_special_tokens", replace_extra_special_tokens)
        if renamed:
            raise OptionError(f"add_special_tokens has no option {next(iter(renamed))!r}.")
        names = [f"{role}_token" for role in self.ROLES]
        lists = ("additional_special_tokens", "extra_special_tokens")
        new: list[AddedToken] = []
        for name, value in special_tokens_dict.items():
            if name not in (*names, *lists):
                raise OptionError(
                    f"there is no special token {name!r}; the special tokens are "
                    f"{', '.join(names)}."
                )
            listed = _check_list(value, name) if name in lists else [value]
            new += [AddedToken.of(v, special=True) for v in listed]
        count = self._add(new, special=True)
        for name, value in special_tokens_dict.items():
            if name in names:
                self._roles[name[:-6]] = str(AddedToken.of(value))
            elif value:
                more = [str(AddedToken.of(v)) for v in value]
                self._more = list(dict.fromkeys([*([] if replace else self._more), *more]))
        return count

    def add_tokens(self, new_tokens: Any, special_tokens: bool = False) -> int:
        """Add tokens that are matched in a text before it is split; returns the number of new ids.

        If the vocabulary already has a token for exactly this text, it keeps its id.
        """
        several = new_tokens if isinstance(new_tokens, (list, tuple)) else [new_tokens]
        new = [AddedToken.of(token, special=special_tokens) for token in several]
        return self._add(new, special_tokens)

    def _take(self, roles: Mapping[str, Any], more: Any) -> None:
        """Set the initial roles and special tokens; ordinary vocabulary tokens are not added."""
        named = {role: AddedToken.of(v, special=True) for role, v in roles.items() if v is not None}
        others = [AddedToken.of(v, special=True) for v in _check_list(more, "extra_special_tokens")]
        new = [t for t in named.values() if not self._is_ordinary(t.content)]
        self._add([*new, *others], special=True)
        self._roles = {role: token.content for role, token in named.items()}
        self._more = list(dict.fromkeys(token.content for token in others))

    def _add(self, tokens: Iterable[AddedToken], special: bool) -> int:
        before = len(self._tokens)
        top = max(self._tokens, default=-1) + 1
        added = self.added_tokens_encoder
        for token in tokens:
            if not token.content:
                raise TokenizerError("a token cannot be empty.")
            i = added.get(token.content)
            if i is not None and (self._added[i].special or not special):
                continue
            if i is None and self._is_itself(token.content):
                i = self._vocab.get(token.content)
            if i is None:
                i, top = top, top + 1
            self._added[i] = token
            added[token.content] = i
        self._index()
        return len(self._tokens) - before

    def _assign(self, role: str, value: Any) -> None:
        if value is None:
            self._roles.pop(role, None)
            return
        token = AddedToken.of(value, special=True)
        if token.content not in self._ids:
            raise TokenizerError(
                f"the vocabulary has no token {token.content!r}: add it with "
                f"tokenizer.add_special_tokens({{'{role}_token': {token.content!r}}})."
            )
        self._roles[role] = token.content


def _check_list(value: Any, name: str) -> list[Any]:
    """Return a list of tokens. Raises `TokenizerError` for a single string."""
    if value is None:
        return []
    if not isinstance(value, (list, tuple)):
        raise TokenizerError(f"{name} must be a list of tokens, found {show(value)}.")
    return list(value)
