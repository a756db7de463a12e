"""`grpc._simple_stubs`: calls without a channel of one's own."""

from ..experimental._simple_stubs import stream_stream as stream_stream
from ..experimental._simple_stubs import stream_unary as stream_unary
from ..experimental._simple_stubs import unary_stream as unary_stream
from ..experimental._simple_stubs import unary_unary as unary_unary
