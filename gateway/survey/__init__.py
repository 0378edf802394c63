"""What stands, told to whoever asks: documents with a versioned `kind`, made from the same translation that is served.

The same functions answer for files, for a cluster and for a running instance. Nothing here changes anything.
"""
