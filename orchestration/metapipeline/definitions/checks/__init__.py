"""What is checked about each asset, from the values that the asset has in hand: no check asks a server."""
