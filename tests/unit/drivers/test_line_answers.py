"""Answers that come back on the stream: whole, or LinkLost; and the bytes that go out, bare and in a POST."""

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.http_wrap import HttpWrap
from drivers.line import USER_TIMEOUT_MS, tune
from drivers.wrap import MOST, LengthWrap
from keys.certificates import make_test_authority
from terminal.iso8583.length import ASCII_4, BINARY_2
from terminal.ports import LinkLost
from tests.unit.drivers.line_servers import ECHO, PATIENCE, Listening, line_to, proof, server_context

PATH = "/mjc/webtrans/VPB_lb"
FORMS = st.sampled_from([BINARY_2, ASCII_4])
FRAMES = st.binary(min_size=1, max_size=MOST)


def heard(wrap, *pieces, is_over=True):
    """What the wrap makes of these bytes, in these pieces. A stream that is not over waits for more."""

    async def read():
        reader = asyncio.StreamReader()
        reading = asyncio.create_task(wrap.read(reader))
        for piece in pieces:
            reader.feed_data(piece)
            await asyncio.sleep(0)
        if is_over:
            reader.feed_eof()
        async with asyncio.timeout(PATIENCE):
            return await reading

    return asyncio.run(read())


@given(form=FORMS, frame=FRAMES, cut=st.integers(0, MOST))
def test_a_frame_comes_back_in_any_pieces(form, frame, cut):
    wrap = LengthWrap(form)
    packed = wrap.packed(frame)
    assert heard(wrap, packed[:cut], packed[cut:]) == frame


@given(form=FORMS, frame=FRAMES, data=st.data())
def test_a_frame_cut_short_is_none(form, frame, data):
    packed = LengthWrap(form).packed(frame)
    with pytest.raises((LinkLost, EOFError)):
        heard(LengthWrap(form), packed[: data.draw(st.integers(0, len(packed) - 1))])


@given(length=st.integers(MOST + 1, 65535) | st.just(0))
def test_an_impossible_length_is_refused_before_a_byte_of_it_came(length):
    with pytest.raises(LinkLost, match=f"a length of {length}"):
        heard(LengthWrap(BINARY_2), length.to_bytes(2), is_over=False)


@pytest.mark.parametrize("raw", [b"0000", b"9999", b"00A1", b" 114", b"-001", "١٢٣".encode()[:4]])
def test_an_impossible_ascii_length_is_refused(raw):
    with pytest.raises(LinkLost):
        heard(LengthWrap(ASCII_4), raw, is_over=False)


def test_a_frame_longer_than_its_length_can_say_is_not_sent():
    with pytest.raises(LinkLost, match="nothing was sent"):
        LengthWrap(ASCII_4).packed(bytes(10_000))


def posted():
    wrap = HttpWrap("192.0.2.1:8080", PATH, BINARY_2)
    return wrap, wrap.packed(ECHO)


def test_a_post_is_as_cup_md_1_1_has_it():
    assert posted()[1] == (
        b"POST /mjc/webtrans/VPB_lb HTTP/1.1\r\n"
        b"HOST: 192.0.2.1:8080\r\n"
        b"User-Agent: Donjin Http 0.1\r\n"
        b"Cache-Control: no-cache\r\n"
        b"Content-Type: x-ISO-TPDU/x-auth\r\n"
        b"Accept: */*\r\n"
        b"Content-Length: 54\r\n"
        b"\r\n"
        b"\x00\x34" + ECHO
    )


BODY = b"\x00\x05HELLO"
WHOLE = {
    "its length told": b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n" + BODY,
    "its end the connection's": b"HTTP/1.1 200 OK\r\n\r\n" + BODY,
    "an old server": b"HTTP/1.0 200 OK\r\nServer: x\r\n\r\n" + BODY,
    "no words after 200": b"HTTP/1.1 200\r\nContent-Length: 7\r\n\r\n" + BODY,
    "an uncounted line end after it": b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n" + BODY + b"\r\n",
    "a counted line end after it": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + BODY + b"\r\n",
    "a line end, then the connection's": b"HTTP/1.1 200 OK\r\n\r\n" + BODY + b"\r\n",
    "in chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n\x00\x05H\r\n4\r\nELLO\r\n0\r\n\r\n",
    "after a go-on": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n" + BODY,
}


@pytest.mark.parametrize("answer", WHOLE.values(), ids=WHOLE)
@given(cut=st.integers(0, 90))
def test_an_http_answer_comes_in_any_pieces(answer, cut):
    assert heard(posted()[0], answer[:cut], answer[cut:]) == b"HELLO"


BROKEN = {
    "not found": b"HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\n" + BODY,
    "an error with an answer in it": b"HTTP/1.1 500 Oops\r\nContent-Length: 7\r\n\r\n" + BODY,
    "created": b"HTTP/1.1 201 Created\r\nContent-Length: 7\r\n\r\n" + BODY,
    "moved": b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.9/\r\nContent-Length: 7\r\n\r\n" + BODY,
    "nothing": b"",
    "half a header": b"HTTP/1.1 200 OK\r\nContent-Le",
    "no HTTP": b"\x00\x05HELLO\r\n\r\n",
    "a body shorter than told": b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n" + BODY[:-1],
    "an end in mid-message": b"HTTP/1.1 200 OK\r\n\r\n" + BODY[:-1],
    "an end in mid-length": b"HTTP/1.1 200 OK\r\n\r\n\x00",
    "an empty body": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "a message shorter than its body": b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n" + BODY + b"!",
    "two messages": b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n" + BODY + BODY,
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nContent-Length: 8\r\n\r\n" + BODY,
    "chunks without an end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n" + BODY + b"\r\n",
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_an_http_answer_that_is_none(answer):
    with pytest.raises(LinkLost) as lost:
        heard(posted()[0], answer)
    assert "HELLO" not in str(lost.value)


@pytest.mark.parametrize(
    "endless",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 4000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"\x20\x00" + bytes(3 * MOST),
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + bytes(3 * MOST),
    ],
    ids=["headers", "a body", "a body whose length is told"],
)
def test_what_does_not_end_is_refused_while_it_comes(endless):
    with pytest.raises(LinkLost):
        heard(posted()[0], endless, is_over=False)


def test_a_second_post_goes_out_after_the_first_answer():
    wrap, first = posted()
    assert heard(wrap, WHOLE["its length told"], is_over=False) == b"HELLO"
    assert wrap.packed(ECHO) == first


@pytest.mark.parametrize(("after", "before"), [(b"\r\n", b""), (b"", b"\r\n")], ids=["at once", "late"])
def test_an_uncounted_line_end_is_not_taken_for_the_next_answer(after, before):
    wrap, _ = posted()
    answer = WHOLE["its length told"]
    assert heard(wrap, answer + after, is_over=False) == b"HELLO"
    wrap.packed(ECHO)
    assert heard(wrap, before, answer, is_over=False) == b"HELLO"


def test_a_second_answer_to_one_question_ends_the_connection():
    wrap, _ = posted()
    assert heard(wrap, WHOLE["its length told"] * 2, is_over=False) == b"HELLO"
    with pytest.raises(LinkLost, match="nothing was sent"):
        wrap.packed(ECHO)


def test_a_server_that_ends_the_connection_after_an_answer_gets_no_second_post():
    wrap, _ = posted()
    heard(wrap, b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 7\r\n\r\n" + BODY)
    with pytest.raises(LinkLost, match="nothing was sent"):
        wrap.packed(ECHO)


def answering(answer, ends):
    """A server that hears the message out, says so much, and ends the connection so."""

    async def talk(server, reader, writer):
        server.heard += await reader.readexactly(2 + len(ECHO))
        writer.write(answer)
        ends(writer)

    return talk


def politely(writer):
    writer.close()


def rudely(writer):  # TCP ends, TLS does not say so
    writer.transport.abort()


@pytest.mark.parametrize("ends", [politely, rudely])
@pytest.mark.parametrize("answer", [b"", b"\x00", b"\x00\x05", b"\x00\x05HELL"])
async def test_a_tls_connection_that_ends_in_mid_answer_gives_none(tmp_path, answer, ends):
    make_test_authority(tmp_path)
    async with Listening().serving(answering(answer, ends), server_context(tmp_path)) as server:
        async with line_to(server.address, proof=proof(tmp_path)).connect() as connection:
            await connection.send(ECHO)
            with pytest.raises(LinkLost, match="the line broke"):
                async with asyncio.timeout(PATIENCE):
                    await connection.receive()
        assert server.heard == b"\x00\x34" + ECHO


async def test_a_whole_answer_before_the_end_is_one(tmp_path):
    make_test_authority(tmp_path)

    async def talk(server, reader, writer):
        await reader.readexactly(2 + len(ECHO))
        writer.write(b"\x00\x05HELLO")
        await reader.read(1)  # until the terminal hangs up

    async with Listening().serving(talk, server_context(tmp_path)) as server:
        line = line_to(server.address, proof=proof(tmp_path))
        async with line.connect() as connection:
            await connection.send(ECHO)
            assert await connection.receive() == b"HELLO"


def test_the_stream_sends_at_once_and_notices_a_dead_bearer():
    with socket.socket() as stream:
        tune(stream)
        assert stream.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        assert stream.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == USER_TIMEOUT_MS
