"""Zigbee2MQTT device states."""
