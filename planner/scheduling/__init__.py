"""Fits courses of care into the diary: proved optimum for one course, valid answers for many."""
