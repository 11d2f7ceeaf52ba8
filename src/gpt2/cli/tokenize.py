"""``gpt2 tokenize``: show the tokens of a text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from gpt2.cli.options import AS_JSON, MODEL
from gpt2.cli.streams import standard_text

if TYPE_CHECKING:
    from gpt2.tokenizer import Tokenizer


@click.command("tokenize")
@click.argument("text", required=False, default="-")
@MODEL
@click.option("--plain", is_flag=True, help="Treat <|endoftext|> as plain text.")
@AS_JSON
def command(text: str, model: str, plain: bool, as_json: bool) -> None:
    """Show the tokens of TEXT, one per line.

    If TEXT is missing or -, standard input is read. The columns are the token's id, its bytes and
    its piece of the text. If a character is spread over several tokens, the first token shows it
    followed by "…" and the others show only "…".
    """
    from gpt2.tokenizer import Tokenizer

    if text == "-":
        text = standard_text()
    tokenizer = Tokenizer.from_pretrained(model)
    pieces = describe(tokenizer, text, plain)
    if as_json:
        click.echo(json.dumps({"text": text, "count": len(pieces), "tokens": pieces}))
        return
    for piece in pieces:
        shown = json.dumps(piece["text"], ensure_ascii=False)[1:-1].replace(" ", "␣")
        mark = "…" if piece["part"] else ""
        click.echo(f"{piece['id']:>6}  {piece['bytes']:<24}  {shown}{mark}")
    click.echo(f"{len(pieces)} tokens, {len(text)} characters", err=True)


def describe(tokenizer: Tokenizer, text: str, plain: bool = False) -> list[dict[str, Any]]:
    """The id, spelling, bytes (hexadecimal), position and piece of text of each token.

    A piece is the text from the first to the last character of the token, without characters that
    an earlier token has begun. ``part`` marks a token with an incomplete character.
    """
    encoded = tokenizer(text, return_offsets_mapping=True, split_special_tokens=plain)
    pieces: list[dict[str, Any]] = []
    shown = 0
    for token, (start, end) in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True):
        content = tokenizer.token_bytes(token)
        pieces.append(
            {
                "id": token,
                "token": tokenizer.convert_ids_to_tokens(token),
                "bytes": content.hex(" "),
                "start": start,
                "end": end,
                "text": text[max(start, shown) : end],
                "part": content.decode(errors="replace").lstrip() != text[start:end].lstrip(),
            }
        )
        shown = max(shown, end)
    return pieces
