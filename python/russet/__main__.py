"""The `russet` command."""

import sys


def main() -> int:
    """Run the command with the arguments of this process; return its exit code."""
    if sys.argv[1:2] == ["run"]:
        from russet import _run

        return _run.main(sys.argv[2:])
    from russet._core import russet_main

    return russet_main(["russet", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
