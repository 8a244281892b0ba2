"""Why something did not leave: not now, or never."""

from __future__ import annotations


class Refusal(Exception):
    """Not this time; what it says is shown to operators and names nobody."""


class NotReachable(Exception):
    """Never over this channel; what it says is shown to operators and names nobody."""
