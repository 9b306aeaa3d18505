"""BI tools: what a workspace holds, who uses it, and how a report is archived."""
