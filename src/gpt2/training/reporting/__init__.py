"""What one sees of a run: its log, its curves, its losses and the report at its end."""
