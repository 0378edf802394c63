"""What becomes of an installation of ingress-nginx here, object by object and field by field.

Judged by the verdicts of the translation that serves, and by the tables of annotations and options. Changes nothing.
"""
