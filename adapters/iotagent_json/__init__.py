"""FIWARE IoT Agent JSON measures."""
