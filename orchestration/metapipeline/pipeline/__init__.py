"""The steps of the metapipeline in their order: read, join, judge, plan, change, report.

The assets of Dagster and the commands of `hourglass meta` run the same steps.
"""
