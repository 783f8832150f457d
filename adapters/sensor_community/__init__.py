"""Sensor.Community (airRohr) pushes."""
