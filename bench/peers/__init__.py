"""What people would run instead, installed and set up by the bench. Each peer is a class that is started, measured and stopped."""


class Absent(Exception):
    """The peer cannot be had on this machine; the text says why, and what to do."""
