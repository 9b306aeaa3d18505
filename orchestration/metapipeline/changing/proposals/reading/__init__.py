"""What a repository and its manifest say of a model."""
