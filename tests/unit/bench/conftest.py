"""The benchmark is not installed: it is found in the tree, behind everything that is."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3]))
