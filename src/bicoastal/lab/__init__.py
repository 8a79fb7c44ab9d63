"""The lab: an embedded AWS with real databases, where a failover is rehearsed."""
