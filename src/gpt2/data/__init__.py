"""Corpora on the disk: text is prepared once as token shards and then read at random.

sources.py     names on the command line -> files, in a fixed order
containers.py  compressed files and archives -> the plain files in them
formats.py     text, JSON Lines, JSON, Parquet, HTML, WARC -> documents
hub_sets.py    data sets of the Hugging Face Hub -> documents
filters.py     the named filters
holdout.py     which documents, or ends of documents, go to the validation split
encode.py      a document -> tokens, its hash and its split
shards.py      the shard files while they are written, and up to where they are valid
seen.py        which documents came before (exact deduplication, on the disk)
cut.py         which documents belong to which shard of the work
folder.py      the output folder, locked by one process until it is complete
preparation.py the full pipeline in order, resuming from where it was killed
merging.py     merges the outputs of the shards of the work
manifest.py    the contents of the folder, in JSON
tokens.py      `TokenData`: the token shards of a split as one sequence
overlap.py     which parts of some texts occur in a corpus word for word
"""

from gpt2.data.manifest import Manifest
from gpt2.data.preparation import PrepareConfig, prepare
from gpt2.data.tokens import TokenData

__all__ = ["Manifest", "PrepareConfig", "TokenData", "prepare"]
