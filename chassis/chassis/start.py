"""Starts a process of a service."""

from __future__ import annotations

import gc
import importlib


def start(application: str) -> None:
    """Run the command line of the `service` of a module, for example `complaint.app`.

    Half a million objects come with the imports and stay: the collector would look through them again and again while
    they come (a quarter of the time that a process takes to start), and at every full collection after that.
    """
    gc.disable()
    service = importlib.import_module(application).service
    main = importlib.import_module("chassis.service").main
    gc.freeze()
    gc.enable()
    main(service)
