"""AWS's price list: where it is, how its files are read, which rows are wanted.

Everything is read as a stream: of a file of hundreds of megabytes only wanted rows are kept.
"""
