"""The clinic in figures: the months, how well estimates hold, and everything as files."""

from planner.web.figures.routes import figures

__all__ = ["figures"]
