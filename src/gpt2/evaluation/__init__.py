"""Evaluates models: published benchmarks, metrics, and a comparison with the paper's table."""
