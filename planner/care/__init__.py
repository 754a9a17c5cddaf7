"""What does this patient need? Pure: standard library only."""
