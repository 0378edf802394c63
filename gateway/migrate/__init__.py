"""What becomes of an installation of ingress-nginx here: works, works differently, or needs a change; by object and field.

Judged by the verdicts of the translation that serves, and by the tables of annotations and options. Changes nothing.
"""
