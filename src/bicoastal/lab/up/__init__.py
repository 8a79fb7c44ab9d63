"""`bicoastal lab up`: the lab that keeps running, with a live page."""
