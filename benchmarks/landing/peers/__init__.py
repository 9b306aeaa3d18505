"""One module a peer, each with a constant `PEER`; what it is installed from lies beside it."""
