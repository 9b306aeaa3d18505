"""`hourglass doctor`: what a set-up needs, asked of the servers themselves, each answer with its repair."""
