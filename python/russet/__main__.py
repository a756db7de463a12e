"""The `russet` command."""

import sys

from russet._core import russet_main


def main() -> int:
    """Run the command with the arguments of this process; return its exit code."""
    return russet_main(["russet", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
