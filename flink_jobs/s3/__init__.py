"""The stream's bucket: one client, and what its listings return."""
