"""Providers of identity (OpenID Connect): their tokens open the API, their people log in to the console."""
