"""Delivery: claims, renders, sends, retries."""
