"""Measurements of one thing each, in one process."""
