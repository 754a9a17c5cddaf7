"""Appointments to and from iCalendar: pure bytes."""
