"""Estimates what a run needs and what the machine has, before anything runs."""
