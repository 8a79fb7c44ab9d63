"""Tests of the in-process engine, against a toy provider that keeps everything in memory."""
