"""Fewer bits a weight: quantise a model, say what it costs, keep it as a packed folder."""

from gpt2.quantization.measure import Fidelity, measure
from gpt2.quantization.quantize import Report, quantize

__all__ = ["Fidelity", "Report", "measure", "quantize"]
