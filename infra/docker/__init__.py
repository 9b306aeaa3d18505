"""Images of the project: one folder each, and the bootstrap that builds them."""
