"""The Things Stack v3 (LoRaWAN network server): uplink messages."""
