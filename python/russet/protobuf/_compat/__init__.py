"""Private names of protobuf that programs import all the same: what they subclass, call or change.

The modules of the public names load these when one is asked for.
"""
