"""Chat templates: how a conversation becomes the text format a model was fine-tuned on.

The default template is stored in chat_template.jinja, named ones in additional_chat_templates/, or,
in older folders, all of them in tokenizer_config.json.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gpt2 import files
from gpt2.errors import OptionError, TokenizerError, show
from gpt2.tokenizer.vocabulary import AddedToken

if TYPE_CHECKING:
    from gpt2.tokenizer.base import Tokenizer

FILE = "chat_template.jinja"
FOLDER = "additional_chat_templates"
DEFAULT = "default"
Templates = str | dict[str, str] | None


def read(folder: Path, setting: Any, config: Path) -> dict[str, Any]:
    """``{"chat_template": ...}`` of a folder, or {}; files take precedence over the setting."""
    by_name: dict[str, str] = {}
    if (folder / FILE).is_file():
        by_name[DEFAULT] = files.read_text(folder / FILE)
    if (folder / FOLDER).is_dir():
        for path in sorted((folder / FOLDER).glob("*.jinja")):
            by_name[path.stem] = files.read_text(path)
    templates: Templates = by_name or check(setting, str(config))
    if isinstance(templates, dict) and list(templates) == [DEFAULT]:
        templates = templates[DEFAULT]
    return {} if templates is None else {"chat_template": templates}


def content(templates: Any) -> dict[str, str]:
    """The template files. Raises `TokenizerError` for a name that cannot be a file name."""
    named = {DEFAULT: templates} if isinstance(templates, str) else templates or {}
    for name in named:
        if not name or name != Path(name).name or name.startswith("."):
            raise TokenizerError(f"the chat template's name {show(name)} is not a valid file name.")
    return {
        FILE if name == DEFAULT else f"{FOLDER}/{name}.jinja": text for name, text in named.items()
    }


def check(value: Any, where: str) -> Templates:
    """Return a template, or several by name; the configuration's list becomes a mapping."""
    if isinstance(value, (list, tuple)):
        try:
            value = {entry["name"]: entry["template"] for entry in value}
        except (TypeError, KeyError):
            value = 0
    texts = value.items() if isinstance(value, Mapping) else [("", value)]
    if value is not None and not all(isinstance(n, str) and isinstance(t, str) for n, t in texts):
        raise TokenizerError(
            f'{where}: chat_template must be a string, or a list of {{"name": ..., '
            '"template": ...} objects.'
        )
    return dict(value) if isinstance(value, Mapping) else value


def check_control(value: Any) -> Sequence[str] | None:
    """Return the control tokens of the settings; None means not set. Raises `TokenizerError`."""
    listed = isinstance(value, (list, tuple)) and all(isinstance(token, str) for token in value)
    if value is not None and not listed:
        raise TokenizerError(f"chat_control_tokens must be a list of strings, found {show(value)}.")
    return value


class ChatTemplates(abc.ABC):
    """The chat methods of a tokenizer.

    ``chat_control_tokens`` are the added tokens that only a template may write, apart from the
    special ones (``sanitize_control_tokens``); None: those that the template contains.
    """

    chat_template: Templates = None
    chat_control_tokens: Sequence[str] | None = None

    @property
    @abc.abstractmethod
    def special_tokens_map(self) -> dict[str, Any]:
        """Role -> token, available to templates."""

    @property
    @abc.abstractmethod
    def added_tokens_decoder(self) -> dict[int, AddedToken]:
        """Id -> token, for all tokens matched in the text before it is split."""

    @abc.abstractmethod
    def __call__(self, text: Any, **options: Any) -> Any:
        """Encode texts."""

    def get_chat_template(
        self, chat_template: str | None = None, tools: Sequence[Any] | None = None
    ) -> str:
        """The template with a name, the given template, or the default. Raises `OptionError`."""
        stored = self.chat_template
        if isinstance(stored, dict):
            if chat_template is None:
                chat_template = (
                    "tool_use" if tools is not None and "tool_use" in stored else DEFAULT
                )
                if chat_template not in stored:
                    raise OptionError(
                        f"there is no default chat template: pass chat_template= one of "
                        f"{', '.join(sorted(stored))}."
                    )
            return stored.get(chat_template, chat_template)
        template = stored if chat_template is None else chat_template
        if template is None:
            raise OptionError(
                "this tokenizer has no chat template: set tokenizer.chat_template, or pass "
                "chat_template=."
            )
        return template

    def encode_message_with_chat_template(
        self,
        message: Mapping[str, Any],
        conversation_history: Sequence[Mapping[str, Any]] | None = None,
        **options: Any,
    ) -> list[int]:
        """The ids that a message adds to a conversation, from where they first differ.

        The other options are those of `apply_chat_template`, except ``add_generation_prompt``
        (`OptionError`).
        """
        if "add_generation_prompt" in options:
            raise OptionError(
                "add_generation_prompt is not supported here: add the generation prompt "
                "separately, after the conversation."
            )
        before = list(conversation_history or [])
        options |= {"return_dict": False, "tokenize": True}
        ids: list[int] = self.apply_chat_template([*before, message], **options)
        old = self.apply_chat_template(before, **options) if before else []
        pairs = zip(old, ids, strict=False)
        same = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(old), len(ids)))
        return ids[same:]

    def apply_chat_template(
        self,
        conversation: Any,
        tools: Sequence[Any] | None = None,
        documents: Sequence[Mapping[str, Any]] | None = None,
        chat_template: str | None = None,
        add_generation_prompt: bool = False,
        continue_final_message: bool | str = False,
        tokenize: bool = True,
        sanitize_control_tokens: bool = False,
        padding: bool | str = False,
        truncation: bool = False,
        max_length: int | None = None,
        return_tensors: str | None = None,
        return_dict: bool = True,
        return_assistant_tokens_mask: bool = False,
        tokenizer_kwargs: Mapping[str, Any] | None = None,
        **variables: Any,
    ) -> Any:
        """Apply the chat template to a conversation or a batch of them.

        Args:
            conversation: a list of ``{"role": ..., "content": ...}``, or a list of such lists.
            tools, documents: for templates that show them; tools as JSON schemas.
            chat_template: a template or its name, instead of the tokenizer's own.
            add_generation_prompt: end with the start of the assistant's next message.
            continue_final_message: leave the last message open, to be continued.
            tokenize: return ids instead of text.
            sanitize_control_tokens: encode control tokens in the conversation, ``tools``,
                ``documents`` and ``variables`` as plain text, so that only the template writes
                them. They are the special tokens, and those of ``chat_control_tokens``, by default
                the added tokens that the template contains. Keys of mappings are not changed.
            return_dict: return the same result as calling the tokenizer, instead of only the ids.
            return_assistant_tokens_mask: add ``assistant_masks``, 1 for tokens that the template
                marks with ``{% generation %}``.
            padding, truncation, max_length, return_tensors, tokenizer_kwargs: for the tokenizer.
            variables: for the template.

        Raises:
            OptionError: there is no template, or the options exclude each other.
            InputError: a conversation or a template that cannot be used.
            MissingDependencyError: jinja2 is not installed.
        """
        from gpt2.tokenizer import chat_control, chat_render

        masks = return_assistant_tokens_mask
        if masks and not (tokenize and return_dict):
            raise OptionError(
                "return_assistant_tokens_mask requires tokenize=True and return_dict=True."
            )
        if continue_final_message and (add_generation_prompt or masks):
            raise OptionError(
                "continue_final_message cannot be combined with add_generation_prompt or "
                "return_assistant_tokens_mask."
            )
        if sanitize_control_tokens and (masks or not tokenize):
            raise OptionError(
                "sanitize_control_tokens requires tokenize=True, and cannot be combined with "
                "return_assistant_tokens_mask."
            )
        template = self.get_chat_template(chat_template, tools)
        chats, several = chat_render.conversations(conversation)
        control = self._control_tokens(template) if sanitize_control_tokens else []
        render = chat_render.Renderer(
            template, self.special_tokens_map, variables, tools, documents, control
        )
        shown = [render(c, add_generation_prompt, continue_final_message) for c in chats]
        texts = [text for text, _ in shown]
        if not tokenize:
            return texts if several else texts[0]
        options: dict[str, Any] = {
            "padding": padding,
            "truncation": truncation,
            "max_length": max_length,
            "return_tensors": return_tensors,
            **(tokenizer_kwargs or {}),
        }
        given = texts if several else texts[0]
        if sanitize_control_tokens:
            encoded = chat_control.encode(cast("Tokenizer", self), given, options)
        else:
            encoded = self(given, add_special_tokens=False, **options)
        if masks:
            rows = [_mask(e, spans) for e, (_, spans) in zip(encoded.encodings, shown, strict=True)]
            encoded["assistant_masks"] = rows if several or return_tensors else rows[0]
            encoded.convert_to_tensors(return_tensors)
        return encoded if return_dict else encoded["input_ids"]

    def _control_tokens(self, template: str) -> list[str]:
        """The tokens that only the template may write; white space is text in any case."""
        from gpt2.tokenizer import chat_render

        named, literal = self.chat_control_tokens, chat_render.literal_text(template)
        return [
            token.content
            for token in self.added_tokens_decoder.values()
            if token.special
            or (
                token.content in named
                if named is not None
                else token.content in literal and not token.content.isspace()
            )
        ]


def _mask(encoding: Any, spans: list[tuple[int, int]]) -> list[int]:
    """1 for the tokens of the assistant's characters."""
    mask = [0] * len(encoding)
    for start, end in spans:
        first, last = encoding.char_to_token(start), encoding.char_to_token(end - 1)
        if first is None:
            break
        stop = len(encoding) if not last else last + 1
        mask[first:stop] = [1] * (stop - first)
    return mask
