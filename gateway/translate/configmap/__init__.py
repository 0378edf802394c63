"""Every option of ingress-nginx's ConfigMap, one row each: what it is, and what becomes of it here.

One file per family; `table.py` lists the rows of all; `read.py` applies them to the rules of a translation.
"""
