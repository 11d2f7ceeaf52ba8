"""The course's exercises: a function to fill in for each chapter of docs/learn, and its check.

`exercise.EXERCISES` has them, `answers.check` compares a file with the reference. The chapters
themselves are pages; what runs here is in the package, so that an installed copy has it.
"""
