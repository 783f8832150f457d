"""The commands of `machi`, one module each; heavy imports are inside the functions: help is quick."""
