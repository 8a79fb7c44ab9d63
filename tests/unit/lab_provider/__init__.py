"""Tests of the provider that need no AWS: waiting, archives, arguments."""
