"""The model explorer: a page in which a model runs live and can be inspected part by part."""
