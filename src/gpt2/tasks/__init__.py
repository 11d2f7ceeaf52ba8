"""The four applications: summaries, translation, answers, writing. One file each.

Each is a `Task` (data) with a function: `gpt2.summarize`, `gpt2.translate`, `gpt2.answer`,
`gpt2.write`. They run on every engine, through what `gpt2.load` gives.
"""

from gpt2.tasks.summarize import TASK as _SUMMARIZE
from gpt2.tasks.summarize import summarize
from gpt2.tasks.task import Form, Task, Tuned, remember, task_of
from gpt2.tasks.translate import TASK as _TRANSLATE
from gpt2.tasks.translate import translate

TASKS: dict[str, Task] = {task.name: task for task in (_SUMMARIZE, _TRANSLATE)}

__all__ = ["TASKS", "Form", "Task", "Tuned", "remember", "summarize", "task_of", "translate"]
