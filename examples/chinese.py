"""A Chinese GPT-2：续写中文，并比较词元数与汉字数。

python examples/chinese.py [开头] [MODEL]

MODEL 默认为随包附带的小模型；也可以是 hub 上的中文 GPT-2（例如使用 WordPiece 词表的模型），
或自己训练的模型所在的文件夹。
"""

from __future__ import annotations

import sys

import gpt2


def main() -> None:
    """Print the number of tokens in the prompt, and three continuations."""
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
