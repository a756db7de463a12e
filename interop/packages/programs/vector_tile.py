"""mapbox-vector-tile: features to a tile and back."""

import hashlib

import mapbox_vector_tile

layer = {
    "name": "water",
    "features": [
        {
            "geometry": "POLYGON ((0 0, 0 1, 1 1, 1 0, 0 0))",
            "properties": {"uid": 123, "foo": "bar", "cat": "flew", "deep": 1.5, "ok": True},
        },
        {"geometry": "LINESTRING(159 3877, -1570 3877)", "properties": {"uid": 1234}},
    ],
}
tile = mapbox_vector_tile.encode([layer])
print(hashlib.sha256(tile).hexdigest(), mapbox_vector_tile.decode(tile))
try:
    mapbox_vector_tile.decode(b"\xff" * 9)
except Exception as error:
    print(type(error).__name__)
