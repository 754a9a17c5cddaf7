"""Course planner: from an assessment to appointments that happen."""
