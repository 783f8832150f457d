"""A simulated town: devices that nobody has to install, in places that exist."""

from devices.simulate.run import SimulateSettings, SimulateStatus, run

__all__ = ["SimulateSettings", "SimulateStatus", "run"]
