"""One module for each peer, with a constant `PEER`; its pinned requirements are in the same folder."""
