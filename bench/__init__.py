"""The benchmark: ours, nginx, HAProxy and the floor, side by side in one command. See README.md for the method."""
