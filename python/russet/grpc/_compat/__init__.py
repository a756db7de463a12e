"""Private and deprecated names of grpcio that programs import all the same.

`_install.py` gives these modules the names that they have there. Constants, types and exceptions are real. What belongs to grpcio's C core alone can be imported, as programs do for annotations and checks, and raises at its use; the error names the public way.
"""
