"""Stale reports of a BI tool: found by a rule, archived, and deleted much later.

The life of a report is `active -> archived -> deletable -> deleted`. It is derived from the tool and our own record
(`ReportHistory`), which says what we archived:

- A report is archived when the rule finds it stale; a value that is unknown decides nothing.
- It is deletable when it has been archived by us, and not used, for some days. A use in the archive starts the days
  again. What a person archived is never deleted.
- When a person un-archives it, it is active again, and rests: it is not archived a second time before some days are
  over. Then the rule applies as always.

An un-archiving that happens between the archiving and the next run after a kill is not told from an archiving that was
not carried out: that report has no rest.
"""
