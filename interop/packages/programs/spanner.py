"""Google Spanner's client against a server that plays the service: sessions, streamed results in chunks, reads, transactions that are aborted and tried again, batches, partitions and errors."""

import os
import re
from concurrent import futures

import grpc

TABLE = {}
ABORTED = []
SEEN = set()


def main(port):
    os.environ["SPANNER_EMULATOR_HOST"] = f"127.0.0.1:{port}"
    os.environ["SPANNER_DISABLE_BUILTIN_METRICS"] = "true"
    from google.api_core import exceptions
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import spanner

    client = spanner.Client(
        project="p", credentials=AnonymousCredentials(), disable_builtin_metrics=True
    )
    database = client.instance("i").database("d")
    with database.batch() as batch:
        batch.insert("t", ("id", "text", "data"), [(1, "one \u00fc", b"AQ=="), (2, None, b"/w==")])
        batch.delete("t", spanner.KeySet(keys=[[9]]))
    with database.snapshot() as snapshot:
        for row in snapshot.execute_sql(
            "SELECT * FROM t WHERE id > @least",
            params={"least": 0},
            param_types={"least": spanner.param_types.INT64},
        ):
            print(row)
    with database.snapshot(multi_use=True) as snapshot:
        keys = spanner.KeySet(keys=[[1]], ranges=[spanner.KeyRange(start_closed=[2], end_open=[5])])
        print(list(snapshot.read("t", ("id", "text"), keys)))
        print(len(list(snapshot.execute_sql("SELECT many"))))

    def work(transaction):
        count = transaction.execute_update("UPDATE t SET text = 'x' WHERE id = 1")
        status, counts = transaction.batch_update(["UPDATE a", "UPDATE b"])
        transaction.insert_or_update("t", ("id", "text", "data"), [(3, "three", None)])
        return count, status.code, list(counts)

    print(database.run_in_transaction(work), len(ABORTED))
    print(database.execute_partitioned_dml("DELETE FROM t WHERE id = 2"))
    for sql in ("SELECT wrong", "SELECT broken"):
        try:
            with database.snapshot() as snapshot:
                print(list(snapshot.execute_sql(sql)))
        except exceptions.GoogleAPICallError as error:
            print(type(error).__name__, error.code, error.message)
    print(sorted(TABLE))
    print(sorted(SEEN))
    database.close()


def rows(values, fields, size=None, **metadata):
    """A result in parts: the first has the fields, and a value may go over the end of one."""
    from google.cloud.spanner_v1 import types

    names = {
        "id": types.TypeCode.INT64,
        "text": types.TypeCode.STRING,
        "data": types.TypeCode.BYTES,
    }
    of_type = [
        types.StructType.Field(name=name, type_=types.Type(code=names[name])) for name in fields
    ]
    described = types.ResultSetMetadata(row_type=types.StructType(fields=of_type), **metadata)
    flat = [value for row in values for value in row]
    parts = [flat[at : at + 7] for at in range(0, len(flat), 7)] or [[]]
    for number, part in enumerate(parts):
        result = types.PartialResultSet(resume_token=b"r%d" % number)
        if number == 0:
            result.metadata = described
        pb = types.PartialResultSet.pb(result)
        for value in part:
            if value is None:
                pb.values.add().null_value = 0
            else:
                pb.values.add().string_value = value
        last = pb.values[-1] if pb.values else None
        if number + 1 < len(parts) and last is not None and len(last.string_value) > 1:
            # The other half of the text comes with the next part.
            parts[number + 1] = [last.string_value[1:], *parts[number + 1]]
            last.string_value = last.string_value[:1]
            pb.chunked_value = True
        yield result


class Service(grpc.GenericRpcHandler):
    """Answers by the method's name."""

    def service(self, details):
        from google.cloud.spanner_v1 import types

        name = details.method.rpartition("/")[2]
        SEEN.add(name)
        kinds = {
            "CreateSession": (types.CreateSessionRequest, types.Session),
            "BatchCreateSessions": (
                types.BatchCreateSessionsRequest,
                types.BatchCreateSessionsResponse,
            ),
            "BeginTransaction": (types.BeginTransactionRequest, types.Transaction),
            "Commit": (types.CommitRequest, types.CommitResponse),
            "Rollback": (types.RollbackRequest, None),
            "DeleteSession": (types.DeleteSessionRequest, None),
            "ExecuteBatchDml": (types.ExecuteBatchDmlRequest, types.ExecuteBatchDmlResponse),
            "ExecuteStreamingSql": (types.ExecuteSqlRequest, types.PartialResultSet),
            "StreamingRead": (types.ReadRequest, types.PartialResultSet),
        }
        if name not in kinds:
            return None
        request, response = kinds[name]
        streams = response is types.PartialResultSet
        make = (
            grpc.unary_stream_rpc_method_handler if streams else grpc.unary_unary_rpc_method_handler
        )
        return make(
            getattr(self, re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()),
            request_deserializer=request.deserialize,
            response_serializer=response.serialize if response else lambda _: b"",
        )

    def create_session(self, request, context):
        from google.cloud.spanner_v1 import types

        return types.Session(
            name=f"{request.database}/sessions/m", multiplexed=request.session.multiplexed
        )

    def batch_create_sessions(self, request, context):
        from google.cloud.spanner_v1 import types

        made = [
            types.Session(name=f"{request.database}/sessions/{at}")
            for at in range(request.session_count)
        ]
        return types.BatchCreateSessionsResponse(session=made)

    def begin_transaction(self, request, context):
        from google.cloud.spanner_v1 import types

        return types.Transaction(id=b"t")

    def commit(self, request, context):
        from google.cloud.spanner_v1 import types

        if request.transaction_id and not ABORTED:
            ABORTED.append(request.transaction_id)
            context.abort(grpc.StatusCode.ABORTED, "try again")
        for mutation in request.mutations:
            write = types.Mutation.pb(mutation).insert
            if mutation.insert_or_update:
                write = types.Mutation.pb(mutation).insert_or_update
            for row in write.values:
                TABLE[row.values[0].string_value] = [
                    value.string_value if value.HasField("string_value") else None
                    for value in row.values
                ]
        return types.CommitResponse(commit_timestamp={"seconds": 1})

    def rollback(self, request, context):
        return b""

    def delete_session(self, request, context):
        return b""

    def execute_batch_dml(self, request, context):
        from google.cloud.spanner_v1 import types

        counts = [
            types.ResultSet(stats={"row_count_exact": at + 1})
            for at, _ in enumerate(request.statements)
        ]
        return types.ExecuteBatchDmlResponse(result_sets=counts)

    def execute_streaming_sql(self, request, context):
        from google.cloud.spanner_v1 import types

        begun = {"transaction": {"id": b"t"}} if request.transaction.begin else {}
        if "wrong" in request.sql:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "a wrong \u00fc statement")
        if "UPDATE" in request.sql:
            yield types.PartialResultSet(metadata=begun, stats={"row_count_exact": 1})
        elif "DELETE" in request.sql:
            yield types.PartialResultSet(stats={"row_count_lower_bound": 7})
        elif "many" in request.sql:
            values = [[str(at), "t" * (at % 90), None] for at in range(5000)]
            yield from rows(values, ("id", "text", "data"), **begun)
        else:
            yield from rows([TABLE[key] for key in sorted(TABLE)], ("id", "text", "data"), **begun)
        if "broken" in request.sql:
            context.abort(grpc.StatusCode.DATA_LOSS, "lost")

    def streaming_read(self, request, context):
        assert request.key_set.keys and request.key_set.ranges
        begun = {"transaction": {"id": b"t"}} if request.transaction.begin else {}
        yield from rows([TABLE[key][:2] for key in sorted(TABLE)], ("id", "text"), **begun)


server = grpc.server(futures.ThreadPoolExecutor(8), handlers=(Service(),))
main_port = server.add_insecure_port("127.0.0.1:0")
server.start()
main(main_port)
server.stop(None).wait()
