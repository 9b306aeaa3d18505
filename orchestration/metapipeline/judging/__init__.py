"""What is said about the nodes of the graph: unused models, stale reports, importance."""
