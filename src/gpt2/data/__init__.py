"""A corpus on the disk: prepared once into token shards, then read from any place.

sources.py     names on the command line -> files, in a fixed order
containers.py  compressed files and archives -> the plain files within
formats.py     text, JSON lines, JSON, Parquet, HTML, WARC -> documents
hub_sets.py    sets of the hub -> documents
filters.py     the named filters
holdout.py     which documents, or ends of them, validate
encode.py      a document -> tokens, its hash and its split
shards.py      the files that are written, and how far they are good
seen.py        which documents came before (exact deduplication, on the disk)
cut.py         which documents are a shard's
folder.py      what is written into, by one process, until it is whole
preparation.py all of it, in order, from where it was killed
merging.py     the parts of shards, put together
manifest.py    what the folder holds, in JSON
tokens.py      `TokenData`: the shards of a split as one sequence
overlap.py     what of some texts stands in a corpus word for word
"""

from gpt2.data.manifest import Manifest
from gpt2.data.preparation import PrepareConfig, prepare
from gpt2.data.tokens import TokenData

__all__ = ["Manifest", "PrepareConfig", "TokenData", "prepare"]
