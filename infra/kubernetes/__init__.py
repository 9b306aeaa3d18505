"""Manifests of a cluster of Kubernetes (docs/kubernetes.md), and the strict check of them."""
