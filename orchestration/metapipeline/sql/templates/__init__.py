"""The template languages around SQL: which texts a template can become, and what is filled in."""
