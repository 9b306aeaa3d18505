"""`verify` computes the proof of a sealed hour again: from the chain of seals, the lines of its objects, the broker."""
