"""WHAT CAN BE DONE: steps as data, plans from a picture, and judges of what came of them. Pure."""
