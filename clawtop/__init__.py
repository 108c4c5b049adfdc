"""clawtop: what is stuck on an OpenClaw gateway, since when, who holds it, and a safe way out."""

__version__ = "0.1.0"
