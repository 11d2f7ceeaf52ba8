"""Looking into a model: one page in which it runs live, and can be taken apart."""
