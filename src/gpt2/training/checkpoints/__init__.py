"""What a run leaves on the disk to resume from, and to be loaded as a model."""
