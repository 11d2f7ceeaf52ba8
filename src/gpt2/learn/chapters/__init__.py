"""A file a chapter: its function, and the mistakes that are recognised."""
