"""`grpc._cython`: the package of grpcio's extension module."""
