"""Reading an AWS account: what `bicoastal check --live` judges, and what refreshes the tables.

Nothing here judges and nothing is written to AWS; the judgement is `bicoastal.settings.rules`'s.
"""
