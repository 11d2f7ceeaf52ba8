"""The loop: steps on one process or many, from the first to the last."""
