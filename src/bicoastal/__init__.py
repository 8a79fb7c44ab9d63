"""A multi-region Aurora MySQL database whose failover is rehearsed on real databases."""

__version__ = "0.1.0"
