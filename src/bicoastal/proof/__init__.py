"""An exhaustive search of the shipped decision: every order in which its world can go wrong.

`python -m bicoastal.proof` explores a small world around `failover.decision.step` and around the
operator's requests in `failover.record`, which are imported, never copied. See docs/proof.md.
"""
