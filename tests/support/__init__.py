"""What several floors of tests share: servers, databases, receivers."""
