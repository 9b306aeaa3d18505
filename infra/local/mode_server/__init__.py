"""A Mode server for one machine: the documented API over one workspace, for the demo and for tests."""
