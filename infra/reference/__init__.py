"""Pages that are generated from the code; `python -m infra.reference` writes them anew."""
