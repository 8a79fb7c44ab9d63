"""The policy pack: `pulumi preview --policy-pack policy`."""

from pulumi_policy import PolicyPack

from bicoastal.policy.pack import NAME, policies

PolicyPack(NAME, policies=policies())
