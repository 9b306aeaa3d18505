"""Git repositories and their host: clone, branch, commit, push, pull request."""
