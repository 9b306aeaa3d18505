"""How long the whole stack of this machine needs for a backlog, and for one large hour."""
