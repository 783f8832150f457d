"""Live streams of changes: one reader per process, filters of subscriptions, a bounded queue per client."""
