"""What a run would take, and what the machine has, before anything runs."""
