"""How the database fails over: votes, the decision, its record, and the functions that run it.

Everything in this package but the theory in `detection` is zipped for Lambda. It imports the
standard library, boto3 and PyMySQL only, and `decision` imports nothing but its own value types.
"""
