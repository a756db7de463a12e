"""The plugins of protoc that come with Russet; the name of the program says which one it is."""

import sys

from russet._core import russet_main


def main() -> int:
    """Answer the request on standard input; return the exit code."""
    return russet_main(sys.argv)
