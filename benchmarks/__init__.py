"""What the parts of the chain cost, beside other ways to do the same."""
