"""The objects as they stand now, and who refers to whom."""
