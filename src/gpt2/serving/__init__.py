"""The HTTP server: an OpenAI-compatible API on top of a scheduler.

`gpt2.serving.app` assembles it; docs/reference/serving.md documents the API.
"""
