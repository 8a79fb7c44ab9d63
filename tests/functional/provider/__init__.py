"""Tests of the provider against a real MiniStack server."""
