"""`python -m russet.protoc`."""

import sys

from russet.protoc import main

sys.exit(main(["russet.protoc", *sys.argv[1:]]))
