"""Fuzzing with damaged files, manifests and indexes of every format that the package reads.

    make fuzz [MINUTES=10] [SEED=1]                      the corpus, then damage for MINUTES
    python -m tools.fuzz --repeat "lora 412" --seed 1    repeat one case, named as in a report

`forms` writes one small valid folder of each format and defines how to read it. `corpus` has named
cases of past failures; `damage` generates others. `box` isolates a case and records what it
touches. `trial` makes and judges one case. `worker` is the process that has everything imported and
forks for each batch of cases; `server` starts and watches it. `campaign` chooses and counts the
cases, and `report` writes the results.
"""
