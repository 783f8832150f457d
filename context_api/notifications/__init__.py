"""Notifications: leased from the outbox, sent over HTTP, retried, settled (clause 5.8.6)."""

from context_api.notifications.process import run
from context_api.notifications.settings import NotifierSettings

__all__ = ["NotifierSettings", "run"]
