"""`grpc._grpcio_metadata`: the release of grpcio whose API this is."""

from .._version import __version__ as __version__
