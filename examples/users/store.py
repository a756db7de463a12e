"""Users and their tokens in SQLite. Any thread may use a store."""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator

import argon2
import users_pb2

SCHEMA = """
CREATE TABLE IF NOT EXISTS user (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL,
    password TEXT NOT NULL,
    signed_up REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS token (value TEXT PRIMARY KEY, user INTEGER NOT NULL REFERENCES user);
"""
COLUMNS = "id, name, email, signed_up"


class NameTakenError(Exception):
    """Somebody else has signed up with the name."""


class Store:
    """Holds users; in memory if `path` is ":memory:"."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False)
        self._database.executescript(SCHEMA)
        self._hasher = argon2.PasswordHasher()

    def add(self, name: str, email: str, password: str) -> tuple[users_pb2.User, str]:
        """A new user, and a token for them."""
        # Slow by intent, so it happens outside of the lock.
        hashed = self._hasher.hash(password)
        token = secrets.token_urlsafe()
        with self._lock, self._database:
            try:
                row = self._database.execute(
                    f"INSERT INTO user (name, email, password, signed_up) VALUES (?, ?, ?, ?) RETURNING {COLUMNS}",
                    (name, email, hashed, time.time()),
                ).fetchone()
            except sqlite3.IntegrityError as error:
                raise NameTakenError(name) from error
            self._database.execute("INSERT INTO token VALUES (?, ?)", (token, row[0]))
        return _user(row), token

    def knows(self, token: str) -> bool:
        """Whether a token is somebody's."""
        with self._lock:
            found = self._database.execute("SELECT 1 FROM token WHERE value = ?", (token,))
            return found.fetchone() is not None

    def find(self, name: str) -> users_pb2.User | None:
        """The user of a name."""
        with self._lock:
            found = self._database.execute(f"SELECT {COLUMNS} FROM user WHERE name = ?", (name,))
            row = found.fetchone()
        return None if row is None else _user(row)

    def all(self, prefix: str) -> Iterator[users_pb2.User]:
        """The users whose names begin with `prefix`, by name."""
        with self._lock:
            rows = self._database.execute(
                f"SELECT {COLUMNS} FROM user WHERE substr(name, 1, ?) = ? ORDER BY name",
                (len(prefix), prefix),
            ).fetchall()
        return map(_user, rows)


def _user(row: tuple[int, str, str, float]) -> users_pb2.User:
    number, name, email, signed_up = row
    user = users_pb2.User(id=number, name=name, email=email)
    user.signed_up.FromMicroseconds(round(signed_up * 1_000_000))
    return user
