"""What the landed platform events say: runs of models with their times, and who uses what."""
