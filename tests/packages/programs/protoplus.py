"""proto-plus: a schema written as classes, with every kind of field that it wraps."""

import copy
import datetime

import proto
from google.protobuf import duration_pb2, struct_pb2, timestamp_pb2, wrappers_pb2


class Genre(proto.Enum):
    UNKNOWN = 0
    JAZZ = 1


class Composer(proto.Message):
    given = proto.Field(proto.STRING, number=1)
    born = proto.Field(proto.STRING, number=2)


class Song(proto.Message):
    composer = proto.Field(Composer, number=1)
    title = proto.Field(proto.STRING, number=2)
    years = proto.RepeatedField(proto.INT32, number=3)
    genre = proto.Field(Genre, number=4)
    tags = proto.MapField(proto.STRING, proto.INT64, number=5)
    when = proto.Field(timestamp_pb2.Timestamp, number=6)
    extra = proto.Field(struct_pb2.Struct, number=7)
    perhaps = proto.Field(wrappers_pb2.Int64Value, number=8)
    others = proto.RepeatedField(Composer, number=9)
    by = proto.MapField(proto.STRING, Composer, number=10)
    took = proto.Field(duration_pb2.Duration, number=11)
    opt = proto.Field(proto.INT32, number=12, optional=True)
    a = proto.Field(proto.INT32, number=13, oneof="x")
    b = proto.Field(proto.STRING, number=14, oneof="x")


song = Song(
    composer={"given": "J"},
    title="t",
    years=[1, 2],
    genre="JAZZ",
    tags={"a": 1},
    when=datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc),
    extra={"k": [1.0, None]},
    perhaps=5,
    others=[Composer(given="o"), {"given": "p"}],
    by={"x": Composer(given="q")},
    took=datetime.timedelta(seconds=3),
    opt=0,
    b="bb",
)
song.others.append(Composer(given="z"))
song.others.insert(0, Composer(given="first"))
del song.others[1]
song.years = [3, 4]
song.years[0] = 9
song.by["x"] = Composer(given="w")
print(song)
print(repr(song))
print(Song.to_json(song, sort_keys=True))
print(sorted(Song.to_dict(song).items(), key=str))
assert Song.deserialize(Song.serialize(song)) == song
assert Song.from_json(Song.to_json(song)) == song
assert copy.deepcopy(song) == song
copied = Song()
Song.copy_from(copied, song)
assert copied == song
print(
    song.genre is Genre.JAZZ,
    "a" in song,
    song.perhaps,
    song.when,
    song.took,
    [c.given for c in song.others],
)
song.composer = None
print("composer" in song, song.extra["k"], dict(song.extra), Song.pb(song).DESCRIPTOR.full_name)
for wrong in (lambda: setattr(song, "nope", 1), lambda: Song(nope=1), lambda: Song(title=5)):
    try:
        wrong()
    except Exception as error:
        print(type(error).__name__)
