"""An exception for work that nobody wants any more."""


class Abandoned(Exception):
    """The work was given up; it neither succeeded nor failed."""
