"""Where the metaclass of messages was in older releases."""
