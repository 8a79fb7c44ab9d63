"""BC7xx: what an AWS account must have and allow, checked against what was read of one."""
