"""Course planner: from an assessment to appointments that happen."""

from planner.zones import prefer_newest_rules

prefer_newest_rules()
