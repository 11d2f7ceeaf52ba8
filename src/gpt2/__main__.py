"""``python -m gpt2`` is the command ``gpt2``."""

from gpt2.cli import main

main()
