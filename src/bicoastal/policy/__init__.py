"""The rules that concern resources, for every Pulumi stack: what the policy pack consists of.

Only `pack` needs pulumi-policy; everything else is functions over resources as plain values.
"""
