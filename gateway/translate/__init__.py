"""Objects to configuration: pure functions from a view of the store to the IR and to verdicts.

A user's mistake is a verdict, never an exception, and never stops another object from being served. Nothing here reads
a clock, a file or the network; what it needs of them is handed over in `rules.Rules`.
"""
