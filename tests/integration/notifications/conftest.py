"""Fixtures of the whole notifier, which several modules use."""

from tests.integration.notifications.test_process import city, database, settings, start_notifier, writer

__all__ = ["city", "database", "settings", "start_notifier", "writer"]
