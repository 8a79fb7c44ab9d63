"""Route 53's data plane in the lab: health checks by its rules, and a DNS server.

The rules are pure (`rules`, `zones`); what connects, reads AWS and answers sits around them.
"""

from __future__ import annotations

from bicoastal.lab.route53.history import AnswerChange, PlaneHistory, StatusChange
from bicoastal.lab.route53.plane import CheckReport, Route53DataPlane, post_to
from bicoastal.lab.route53.resolver import ResolutionError, Resolver

__all__ = [
    "AnswerChange",
    "CheckReport",
    "PlaneHistory",
    "ResolutionError",
    "Resolver",
    "Route53DataPlane",
    "StatusChange",
    "post_to",
]
