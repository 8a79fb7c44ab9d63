"""The report: a projection of the drills' records for people, and for a build server."""
