"""WHAT IT MEANS: names for what the picture shows, with evidence and what was ruled out. Pure.

``registry`` lists every kind of incident; one file a family holds the functions that look for
them; ``engine`` looks again only where the picture changed.
"""
