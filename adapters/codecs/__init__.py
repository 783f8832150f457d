"""Codecs of LoRaWAN frames."""
