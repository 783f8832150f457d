"""Reading, judging and reporting files of devices."""
