"""Short ways to write down what clients did."""

from __future__ import annotations

from bicoastal.lab.history import Op, Outcome

OLD, NEW = "127.70.1.10", "127.70.1.11"


def op(
    client: int,
    seq: int,
    outcome: Outcome = "ok",
    *,
    address: str = OLD,
    done_s: float | None = None,
    error: str = "",
) -> Op:
    """One attempt; it ends `seq` seconds after the start of time unless said otherwise."""
    at = float(seq) if done_s is None else done_s
    return Op(
        client=client,
        seq=seq,
        id=f"{client}-{seq}",
        outcome=outcome,
        stage="write",
        address=address,
        code=0,
        error=error,
        invoked_s=at - 0.01,
        done_s=at,
        invoked_wall_s=1000 + at - 0.01,
        done_wall_s=1000 + at,
    )
