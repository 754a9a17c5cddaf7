"""What lies in deploy/, and what is said of it, fits the program."""
