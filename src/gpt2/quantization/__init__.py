"""Quantize a model to fewer bits per weight, measure the loss, and store it as a packed folder."""

from gpt2.quantization.measure import Fidelity, measure
from gpt2.quantization.quantize import Report, quantize

__all__ = ["Fidelity", "Report", "measure", "quantize"]
