"""The servers and quick jobs of the fault tests."""

from tests.faults.conftest import all_servers, quick_jobs, servers

__all__ = ["all_servers", "quick_jobs", "servers"]
