"""Damaged files, manifests and indexes of every form that the package reads.

    make fuzz [MINUTES=10] [SEED=1]                      the corpus, then damage until time is over
    python -m tools.fuzz --repeat "lora 412" --seed 1    one case again, as a report names it

`forms` writes one small valid folder of each form and says how it is read; `corpus` has named cases
of what once went wrong, `damage` draws others; `box` keeps a case by itself and sees what it
touches; `worker` is the child process that tries cases, `__main__` starts it, watches it, reports.
"""
