"""gtfs-realtime-bindings: a feed in every form, with proto2 defaults, extensions and required fields."""

from google.protobuf import json_format, text_format
from google.transit import gtfs_realtime_pb2 as gtfs

feed = gtfs.FeedMessage()
feed.header.gtfs_realtime_version = "2.0"
feed.header.timestamp = 1700000000
vehicle = feed.entity.add(id="1").vehicle
vehicle.position.latitude, vehicle.position.longitude = 48.85, 2.35
vehicle.trip.trip_id = "t"
update = feed.entity.add(id="2").trip_update
update.trip.route_id = "r"
update.stop_time_update.add(stop_id="s").arrival.delay = -30
data = feed.SerializeToString()
again = gtfs.FeedMessage.FromString(data)
print(again == feed, data.hex(), vehicle.current_status, vehicle.HasField("current_status"))
print(text_format.MessageToString(again), json_format.MessageToJson(again, sort_keys=True))
print(
    gtfs.FeedMessage().IsInitialized(),
    gtfs.FeedMessage().FindInitializationErrors(),
    gtfs.VehiclePosition.VehicleStopStatus.items(),
)
try:
    gtfs.FeedMessage().SerializeToString()
except Exception as error:
    print(type(error).__name__, error)
