"""What is usual for an hour and for a stream: the comparisons behind the checks that do not block a publication.

The modules of this package are pure, or ask the clients of a stream; `definitions` makes Dagster's checks of them.
"""
