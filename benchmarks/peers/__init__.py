"""bicoastal's failover beside others': the same faults, clients and oracle, one table."""
