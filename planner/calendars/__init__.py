"""Appointments as iCalendar bytes: pure, and checked against the programs that read them."""
