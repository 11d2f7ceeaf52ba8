"""A model as a service: an HTTP interface in OpenAI's forms over one scheduler.

`gpt2.serving.app` puts it together; docs/reference/serving.md tells what a client sees.
"""
