"""pymilvus with milvus-lite, a real server in a process of its own: collections, vectors, searches and errors."""

from pymilvus import DataType, MilvusClient, MilvusException

client = MilvusClient("./milvus.db")
schema = client.create_schema(auto_id=False, enable_dynamic_field=True)
schema.add_field("id", DataType.INT64, is_primary=True)
schema.add_field("vector", DataType.FLOAT_VECTOR, dim=4)
schema.add_field("name", DataType.VARCHAR, max_length=50)
index = client.prepare_index_params()
index.add_index("vector", index_type="FLAT", metric_type="L2")
client.create_collection("things", schema=schema, index_params=index)
rows = [
    {"id": number, "vector": [number, 0.5, 1, 0], "name": f"n{number}", "extra": {"k": number}}
    for number in range(20)
]
print(client.insert("things", rows)["insert_count"], client.list_collections())
found = client.search("things", [[3, 0.5, 1, 0]], limit=3, output_fields=["name", "extra"])
print(
    [
        [(hit["id"], round(hit["distance"], 3), sorted(hit["entity"].items())) for hit in hits]
        for hits in found
    ]
)
print(
    sorted(
        (row["id"], row["name"])
        for row in client.query("things", "id > 15", output_fields=["id", "name"])
    )
)
print(client.delete("things", ids=[3]), client.get("things", [3, 4], output_fields=["name"]))
print(client.describe_collection("things")["fields"])
try:
    client.search("things", [[1, 2]], limit=1)
except MilvusException as error:
    print(type(error).__name__, error.code)
client.drop_collection("things")
print(client.has_collection("things"))
client.close()
