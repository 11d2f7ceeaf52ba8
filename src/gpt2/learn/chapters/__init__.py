"""One file per chapter: its function and the recognised mistakes."""
