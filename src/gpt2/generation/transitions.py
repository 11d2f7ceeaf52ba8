"""The score of each chosen token, computed from the output of ``generate``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gpt2.errors import InputError
from gpt2.generation import arrays
from gpt2.generation.arrays import Array


def transition_scores(
    sequences: Array, scores: Sequence[Array], origins: Array | None, normalize: bool
) -> Array:
    """The scores [R, N] of the last N tokens of ``sequences`` [R, T + N].

    Args:
        sequences: ids.
        scores: the scores of N steps, each [B, V].
        origins: [R, N], the row of ``scores`` each token came from, -1 for none (score 0.0); None
            if row r came from row r.
        normalize: convert the scores to log-probabilities first.

    Raises:
        InputError: there are no scores.
    """
    if not scores:
        raise InputError("there are no scores: call generate with output_scores=True.")
    rows = arrays.to_numpy(sequences)
    if origins is None:
        origin = np.tile(np.arange(len(scores[0]))[:, None], (1, len(scores)))
    else:
        origin = arrays.to_numpy(origins)
        origin = origin[:, : int((origin >= 0).sum(1).max())]
    length = origin.shape[1]
    chosen = rows[:, rows.shape[1] - length :]
    columns = []
    for step in range(length):
        lines = arrays.log_softmax(scores[step]) if normalize else scores[step]
        lines = lines[arrays.integers(lines, np.maximum(origin[:, step], 0))]
        chosen_scores = arrays.take(lines, arrays.integers(lines, chosen[:, step : step + 1]))
        columns.append(
            arrays.where(
                arrays.booleans(chosen_scores, origin[:, step : step + 1] < 0), 0.0, chosen_scores
            )
        )
    return arrays.beside(columns)
