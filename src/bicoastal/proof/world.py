"""What happens without controllers and humans: members fail and return, RDS ends what it began."""

from __future__ import annotations

from collections.abc import Iterator

from bicoastal.proof.values import CONDITIONS, CUT, DEAD, MEMBERS, NOBODY, OK, Move, Spot


def moves_of(spot: Spot) -> Iterator[Move]:
    """What members and RDS may do next.

    Args:
        spot: the state.

    Yields:
        The transitions.
    """
    for index, name in enumerate(MEMBERS):
        now = spot.members[index]
        worse = (DEAD, CUT) if index == spot.writer else (DEAD,)
        for then in worse if now == OK else (OK,):
            members = list(spot.members)
            members[index] = then
            changed = spot._replace(members=(members[0], members[1]))
            yield Move(f"the {name} member is {CONDITIONS[then]}", changed)
    if spot.target != NOBODY:
        old = spot.writer
        done = spot._replace(
            writer=spot.target,
            target=NOBODY,
            diverged=spot.members[old] == CUT,
            promoted=True,
        )
        able = spot.members[spot.target] == OK
        if able:
            yield Move(f"RDS promotes {MEMBERS[spot.target]}", done, helps=True)
        yield Move("RDS gives up", spot._replace(target=NOBODY), helps=not able)
    if spot.diverged and spot.members[1 - spot.writer] == OK:
        yield Move("RDS rebuilds the old member", spot._replace(diverged=False))
