"""A Slack for this machine: the methods of its Web API that the metapipeline calls, with its rules and its refusals."""
