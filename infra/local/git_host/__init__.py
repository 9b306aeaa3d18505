"""A git host on this machine: git over HTTP by `git http-backend`, and the part of GitHub's REST API that we use."""
