"""Ingress and its annotations → host tables: the front end that takes over manifests written for ingress-nginx."""
