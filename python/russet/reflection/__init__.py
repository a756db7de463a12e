"""Server reflection, as `grpc_reflection`: `russet.reflection.v1.reflection` and `v1alpha.reflection` add it to a server, `proto_reflection_descriptor_database` asks one."""
