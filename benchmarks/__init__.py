"""Measurements side by side in one run. They print figures and never fail on time."""
