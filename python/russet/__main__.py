"""The `russet` command."""

import sys

_HELP = """\
gRPC and Protocol Buffers for Python, with a core in Rust.

Usage: russet COMMAND [ARGUMENTS]

Commands:
  protoc     Compile .proto files; takes protoc's arguments
  run        Run a program that imports grpc and google.protobuf on Russet, unchanged
  serve      Run a server in several processes, one a core, on one port
  install    Make grpc and google.protobuf mean Russet in all of this environment
  uninstall  Undo install
  shims      Build wheels that satisfy what packages require: grpcio, protobuf and so on

Options:
  --version  Print the version
  --help     Print this help; each command has its own

Compile a service, its types and its stubs into the folder of its file:
  russet protoc -I. --python_out=. --pyi_out=. --grpc_python_out=. greet.proto

Run what was written for grpcio:
  russet run greeter_server.py

Serve on all cores what make_server() in app.py returns:
  russet serve app:make_server --bind '[::]:50051'
"""


def main() -> int:
    """Run the command with the arguments of this process; return its exit code."""
    command, arguments = sys.argv[1:2], sys.argv[2:]
    if command in ([], ["--help"], ["-h"], ["help"]):
        (sys.stdout if command else sys.stderr).write(_HELP)
        return 0 if command else 2
    if command == ["run"]:
        from russet import _run

        return _run.main(arguments)
    if command == ["serve"]:
        from russet._serve import _command

        return _command.main(arguments)
    if command in (["install"], ["uninstall"]):
        from russet import _environment

        return (_environment.install if command == ["install"] else _environment.uninstall)(
            arguments
        )
    if command == ["shims"]:
        from russet._shims import _command as shims

        return shims.main(arguments)
    from russet._core import russet_main

    return russet_main(["russet", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
