"""Checkpoints on the disk: a run resumes from them, and they load as models."""
