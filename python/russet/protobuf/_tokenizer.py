"""`text_format.Tokenizer`: splits text format into tokens, for programs that parse pieces of it on their own. `text_format.Parse` does not use it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from russet._core import FieldDescriptor
from russet.protobuf import text_encoding, text_format

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    _T = TypeVar("_T")

_QUOTES = ("'", '"')
# What printers write behind a token of a text that is not meant to be parsed.
_SILENT_MARKER = " \t "


class Tokenizer:
    """The tokens of lines, one at a time: `token` is the one that is next, and empty at the end.

    `Consume...` takes the next token as what its name says, or raises `ParseError` and takes nothing; `TryConsume...` returns whether it did.
    """

    _WHITESPACE = re.compile(r"\s+")
    _COMMENT = re.compile(r"\s*#.*$", re.MULTILINE)
    _WHITESPACE_OR_COMMENT = re.compile(r"(?:\s|#.*$)+", re.MULTILINE)
    # An identifier, a number, or a text in quotes, which may lack its end. Each character is taken in one way only, so matching takes linear time.
    _TOKEN = re.compile(
        r"[a-zA-Z_][0-9a-zA-Z_+-]*"
        r"|(?:[0-9+-]|\.[0-9])[0-9a-zA-Z_.+-]*"
        r"""|"(?:[^"\n\\]|\\.)*(?:"|\\?$)"""
        r"""|'(?:[^'\n\\]|\\.)*(?:'|\\?$)"""
    )
    _IDENTIFIER = re.compile(r"[^\d\W]\w*")
    _IDENTIFIER_OR_NUMBER = re.compile(r"\w+")
    # All that a URL may have but the slash.
    _URL_CHARS = re.compile(r"^[0-9a-zA-Z\-.~_ !$&()*+,;=%]+$")

    def __init__(self, lines: Iterable[str], skip_comments: bool = True) -> None:
        self.token = ""
        self.contains_silent_marker_before_current_token = False
        self._lines = iter(lines)
        self._current_line = ""
        self._more_lines = True
        self._skip_comments = skip_comments
        self._skipped = self._WHITESPACE_OR_COMMENT if skip_comments else self._WHITESPACE
        # Both from 0; before the first line, -1.
        self._line = -1
        self._column = 0
        self._previous_line = 0
        self._previous_column = 0
        self._skip()
        self.NextToken()

    def _skip(self) -> None:
        while True:
            while self._column >= len(self._current_line):
                line = next(self._lines, None)
                if line is None:
                    self._current_line = ""
                    self._more_lines = False
                    return
                self._current_line = line
                self._line += 1
                self._column = 0
            match = self._skipped.match(self._current_line, self._column)
            if match is None:
                return
            self.contains_silent_marker_before_current_token = match.group() == _SILENT_MARKER
            self._column = match.end()

    def NextToken(self) -> None:
        """Goes on to the next token."""
        self._previous_line = self._line
        self._previous_column = self._column
        self.contains_silent_marker_before_current_token = False
        self._column += len(self.token)
        self._skip()
        if not self._more_lines:
            self.token = ""
            return
        match = self._TOKEN.match(self._current_line, self._column)
        if match is None and not self._skip_comments:
            match = self._COMMENT.match(self._current_line, self._column)
        self.token = match.group() if match else self._current_line[self._column]

    def LookingAt(self, token: str) -> bool:
        """Whether the next token is this one."""
        return self.token == token

    def AtEnd(self) -> bool:
        """Whether no token is left."""
        return not self.token

    def _take(self, read: Callable[[str], _T]) -> _T:
        """What a function makes of the next token, which is taken if it raises no ValueError."""
        try:
            value = read(self.token)
        except ValueError as error:
            raise self.ParseError(str(error)) from None
        self.NextToken()
        return value

    def _try(self, consume: Callable[[], Any]) -> bool:
        try:
            consume()
        except text_format.ParseError:
            return False
        return True

    def _match(self, pattern: re.Pattern[str], expected: str) -> str:
        if pattern.match(self.token) is None:
            raise self.ParseError(expected)
        return self._take(str)

    def TryConsume(self, token: str) -> bool:
        """Takes the next token if it is this one."""
        if self.token != token:
            return False
        self.NextToken()
        return True

    def Consume(self, token: str) -> None:
        """Takes this token."""
        if not self.TryConsume(token):
            raise self.ParseError(f'Expected "{token}".')

    def ConsumeComment(self) -> str:
        """A comment, with its `#`; there are none with `skip_comments`."""
        return self._match(self._COMMENT, "Expected comment.")

    def ConsumeCommentOrTrailingComment(self) -> tuple[bool, str]:
        """Whether a comment stands on the line of the token before it, and the comment."""
        just_started = self._line == 0 and self._column == 0
        before = self._previous_line
        comment = self.ConsumeComment()
        return self._previous_line == before and not just_started, comment

    def ConsumeIdentifier(self) -> str:
        """An identifier."""
        return self._match(self._IDENTIFIER, "Expected identifier.")

    def TryConsumeIdentifier(self) -> bool:
        """See the class."""
        return self._try(self.ConsumeIdentifier)

    def ConsumeIdentifierOrNumber(self) -> str:
        """An identifier or a number, as it stands."""
        expected = f"Expected identifier or number, got {self.token}."
        return self._match(self._IDENTIFIER_OR_NUMBER, expected)

    def TryConsumeIdentifierOrNumber(self) -> bool:
        """See the class."""
        return self._try(self.ConsumeIdentifierOrNumber)

    def ConsumeInteger(self) -> int:
        """An integer of any size."""
        return self._take(_integer)

    def TryConsumeInteger(self) -> bool:
        """See the class."""
        return self._try(self.ConsumeInteger)

    def ConsumeFloat(self) -> float:
        """A floating-point number."""
        return self._take(text_format.ParseFloat)

    def TryConsumeFloat(self) -> bool:
        """See the class."""
        return self._try(self.ConsumeFloat)

    def ConsumeBool(self) -> bool:
        """A truth."""
        return self._take(text_format.ParseBool)

    def ConsumeByteString(self) -> bytes:
        """The bytes of one or more texts in quotes, which stand one behind the other."""
        data = self._take(self._unquote)
        while self.token.startswith(_QUOTES):
            data += self._take(self._unquote)
        return data

    def TryConsumeByteString(self) -> bool:
        """See the class."""
        return self._try(self.ConsumeByteString)

    def ConsumeString(self) -> str:
        """The text of one or more texts in quotes."""
        data = self.ConsumeByteString()
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.ParseError(f"Couldn't parse string: {error}") from None

    @staticmethod
    def _unquote(token: str) -> bytes:
        if not token.startswith(_QUOTES):
            raise ValueError(f"Expected string but found: {token!r}")
        if len(token) < 2 or token[-1] != token[0]:
            raise ValueError(f"String missing ending quote: {token!r}")
        return text_encoding.CUnescape(token[1:-1])

    def ConsumeEnum(self, field: FieldDescriptor) -> int:
        """The number of a value of a field's enum, given by name or number."""
        return self._take(lambda token: text_format.ParseEnum(field, token))

    def ConsumeUrlChars(self) -> str:
        """A token of characters that a URL may have, but the slash."""
        return self._match(self._URL_CHARS, f'Expected URL character(s), got "{self.token}"')

    def TryConsumeUrlChars(self) -> bool:
        """See the class."""
        return self._try(self.ConsumeUrlChars)

    def ParseError(self, message: str) -> text_format.ParseError:
        """An error at the next token; it is returned."""
        text = f"'{self._current_line}': {message}"
        return text_format.ParseError(text, self._line + 1, self._column + 1)

    def ParseErrorPreviousToken(self, message: str) -> text_format.ParseError:
        """An error at the token that was taken last; it is returned."""
        return text_format.ParseError(message, self._previous_line + 1, self._previous_column + 1)


def _integer(token: str) -> int:
    """An integer of any size; octal with a leading zero."""
    octal = re.match(r"(-?)0(\d+)$", token)
    try:
        return int(f"{octal[1]}0o{octal[2]}" if octal else token, 0)
    except ValueError:
        raise ValueError(f"Couldn't parse integer: {token}") from None
