"""What `verify` compares a seal with: the chain of seals, the lines of its objects, the broker."""
