"""Sallygate: an ingress gateway for Kubernetes. A Python control plane and a compiled data plane."""
