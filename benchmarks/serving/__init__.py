"""Measuring the server: a client, the servers beside each other, and the engine without one."""
