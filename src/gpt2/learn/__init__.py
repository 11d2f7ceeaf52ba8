"""The exercises of the course: one function to write per chapter of docs/learn, and its check.

`exercise.exercises` lists them, and `answers.check` compares a file with the reference. The
chapters are documentation pages; the exercises are part of the package, so an installed copy
includes them.
"""
