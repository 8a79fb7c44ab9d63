"""The drill: deploy, replicate, lose the primary, fail over, heal, judge, destroy."""
