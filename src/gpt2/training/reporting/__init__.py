"""Reports a run: its log, its loss curves, its validation losses and the final report."""
