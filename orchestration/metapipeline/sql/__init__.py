"""Which relations and columns SQL texts read, and which nodes of the platform graph these are."""
