"""Admission reviews of Ingresses, answered with the verdicts of the translation that serves.

Each object is judged on its own: nothing here reads a cluster, holds a token, writes a file or starts a program.
"""
