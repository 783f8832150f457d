"""Pure: which subscriptions a change touches."""
