"""A Chinese GPT-2: 中文续写，并看词元与汉字的比例。

python examples/chinese.py [开头] [MODEL]

MODEL 默认是随包附带的小模型；也可以是 hub 上的中文 GPT-2（例如用 WordPiece 词表的），
或者自己训练的文件夹。
"""

from __future__ import annotations

import sys

import gpt2


def main() -> None:
    """Write three continuations, and tell how the text is cut."""
    start, name = [*sys.argv[1:3], *("从前，有一只小猫", "gpt2-mini")[len(sys.argv[1:3]) :]]
    model = gpt2.load(name)
    ids = model.tokenizer.encode_prompt(start)
    print(f"“{start}”：{len(start)} 个字，{len(ids)} 个词元")
    for seed in range(3):
        pieces = model.stream(
            start, max_new_tokens=60, do_sample=True, temperature=0.7, top_p=0.9, seed=seed
        )
        text = "".join(pieces)
        print(f"\n{seed}. {start}{text.strip()}")


if __name__ == "__main__":
    main()
