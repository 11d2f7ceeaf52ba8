"""What a run leaves on the disk to go on from, and to be loaded as a model."""
