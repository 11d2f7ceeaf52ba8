"""The worlds, one a file: `tell` draws the state, tells what happens, and asks about it."""
