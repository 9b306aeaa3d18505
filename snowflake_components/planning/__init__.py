"""Plan what a document needs: the object, its changes, its refreshes."""
