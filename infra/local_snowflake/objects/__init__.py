"""What this server stores itself: stages, external tables, and their files."""
