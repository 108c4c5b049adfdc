"""WHAT IT MEANS: named failures with evidence, from the picture. Pure. Not built yet."""
