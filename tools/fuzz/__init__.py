"""Damaged files, manifests and indexes of every form that the package reads.

    make fuzz [MINUTES=10] [SEED=1]                      the corpus, then damage until time is over
    python -m tools.fuzz --repeat "lora 412" --seed 1    one case again, as a report names it

`forms` writes one small valid folder of each form and says how it is read; `corpus` has named cases
of what once went wrong, `damage` draws others; `box` keeps a case by itself and sees what it
touches; `trial` makes and judges one case. `worker` is the process that has everything imported and
forks for each batch of cases; `server` starts and watches it, `campaign` says what is tried and
counts, `report` writes down what came of it.
"""
