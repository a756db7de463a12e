"""What generated code and other packages import from below the public API."""
