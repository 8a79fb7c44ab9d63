"""Detection theory in closed forms: how soon a loss is noticed, and how often none is "noticed".

One concern a module: `timing` (how long a detection takes), `alarms` (how often a healthy member
looks lost), `windows` (k of the last n), `outages` (what mends itself, and precision), `waiting`
(how long to wait), `confidence` (how many runs prove a number), `prediction` (all of it for the
controller of this package). Pure standard library; Lambda does not get it.

Symbols, the same everywhere: T seconds between probes, tau seconds until a failing probe is known
to have failed, m consecutive failures, g seconds of grace, p the chance that a probe of a healthy
member fails, f the chance that a probe of a broken member fails, N observers of which q must agree.
Times are seconds, rates are per second unless a name says `per_year`.
"""
