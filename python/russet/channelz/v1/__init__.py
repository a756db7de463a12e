"""Version 1 of channelz (gRFC A14)."""
