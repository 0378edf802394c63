"""The control plane at scale, over a real API server: what fills it, who is compared, and what is looked at."""
