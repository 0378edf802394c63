"""Kubernetes objects as slim typed values: only the fields that something of ours reads."""
