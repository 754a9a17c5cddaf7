"""The commands, one module for each group; cli.py joins them."""
