"""Measuring models: benchmarks in their published form, metrics, the paper's table."""
