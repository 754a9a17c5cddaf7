"""What many clinics cost: pages of a small and of a large database side by side, and a year of a thousand clinics."""
