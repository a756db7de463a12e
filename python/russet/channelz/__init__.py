"""Channelz, as `grpc_channelz`: `russet.channelz.v1.channelz` has the servicers, `channelz_pb2` and `channelz_pb2_grpc` what clients need."""
