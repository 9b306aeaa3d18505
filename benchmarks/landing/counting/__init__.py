"""Install a peer, count the cost of its processes, and note each measurement."""
