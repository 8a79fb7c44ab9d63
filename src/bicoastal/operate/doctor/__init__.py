"""What is not as the settings want it, each with its reason and its cure: `bicoastal doctor`.

The program ignores what a role swap moves, so a lost member would go unnoticed by Pulumi; and what
only matters on the worst day (a secret's replica, a subscription that nobody confirmed) shows in no
metric. `status` judges the database and its failover, which is asked here as well; the other
modules each examine one concern of what was deployed.
"""
