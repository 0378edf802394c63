"""Where objects come from. One source per file."""
