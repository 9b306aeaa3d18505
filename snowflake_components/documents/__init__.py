"""Read the YAML documents of objects, with a message for every mistake."""
