"""The four applications, each in its own file: summaries, translation, answers, writing.

Each is a `Task` (data) with a function: `gpt2.summarize`, `gpt2.translate`, `gpt2.answer`,
`gpt2.write`. They run on every engine, with a model from `gpt2.load`.
"""

from gpt2.tasks.answer import Answer, answer
from gpt2.tasks.catalog import TASKS, remember
from gpt2.tasks.summarize import summarize
from gpt2.tasks.task import Form, Task, Tuned, task_of
from gpt2.tasks.translate import translate
from gpt2.tasks.write import write

__all__ = [
    "TASKS",
    "Answer",
    "Form",
    "Task",
    "Tuned",
    "answer",
    "remember",
    "summarize",
    "task_of",
    "translate",
    "write",
]
