"""Tools to measure the server: a client, the compared servers, and the bare engine."""
