"""FastAPI: create_app(settings), one router per resource, error table, auth."""
