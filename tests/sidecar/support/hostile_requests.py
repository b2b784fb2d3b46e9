"""Requests that servers have been known to read in more than one way, or not to survive."""

from __future__ import annotations

HOST = b"Host: localhost\r\n"


def get(*lines: bytes, target: bytes = b"/a", method: bytes = b"GET", version: bytes = b"HTTP/1.1") -> bytes:
    """A request without a body."""
    return b" ".join((method, target, version)) + b"\r\n" + HOST + b"".join(lines) + b"\r\n"


def post(*lines: bytes, body: bytes = b"") -> bytes:
    """A request whose headers do not say by themselves how long the body is."""
    return get(*lines, method=b"POST") + body


_CHUNKED = b"Transfer-Encoding: chunked\r\n"

GOOD = (
    get(),
    get(target=b"/a/b%2Fc?x=1&y=%20"),
    get(b"Accept: */*\r\n", b"X-Empty:\r\n", b"X-Spaces:  a  b \t\r\n"),
    get(b"X-Latin: caf\xe9\r\n"),
    get(method=b"HEAD"),
    get(method=b"OPTIONS"),
    get(method=b"DELETE"),
    get(b"Connection: keep-alive\r\n"),
    get(b"Connection: close\r\n"),
    get(version=b"HTTP/1.0"),
    get(b"Connection: keep-alive\r\n", version=b"HTTP/1.0"),
    b"\r\n" + get(),
    get() * 5,
    post(b"Content-Length: 5\r\n", body=b"hello"),
    post(b"Content-Length: 0\r\n"),
    post(b"Content-Length: 5\r\n", b"Expect: 100-continue\r\n", body=b"hello"),
    post(_CHUNKED, body=b"5\r\nhello\r\n0\r\n\r\n"),
    post(_CHUNKED, body=b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n") + get(),
    post(b"transfer-encoding: Chunked\r\n", body=b"0\r\n\r\n"),
    get(b"Upgrade: h2c\r\n", b"Connection: Upgrade\r\n"),
)

HOSTILE = (
    # two ways to tell a body's length
    post(b"Content-Length: 5\r\n", _CHUNKED, body=b"0\r\n\r\n" + get(target=b"/smuggled")),
    post(_CHUNKED, b"Content-Length: 5\r\n", body=b"0\r\n\r\n" + get(target=b"/smuggled")),
    post(b"Content-Length: 5\r\n", b"Content-Length: 5\r\n", body=b"hello"),
    post(b"Content-Length: 5\r\n", b"Content-Length: 6\r\n", body=b"hello!"),
    post(b"Content-Length: 5, 5\r\n", body=b"hello"),
    post(b"Content-Length: +5\r\n", body=b"hello"),
    post(b"Content-Length: -5\r\n", body=b"hello"),
    post(b"Content-Length: 0x5\r\n", body=b"hello"),
    post(b"Content-Length: 5 \r\n", body=b"hello"),
    post(b"Content-Length: 5_0\r\n", body=b"hello"),
    post(b"Content-Length: \xb2\r\n", body=b"hello"),
    post(b"Content-Length: 99999999999999999999999\r\n", body=b"hello"),
    post(b"Content-Length:\r\n", body=b"hello"),
    post(b"Content-Length : 5\r\n", body=b"hello"),
    post(b"Content-Length: 450000\r\n", body=b"x" * 450000),
    # transfer codings
    post(b"Transfer-Encoding: gzip, chunked\r\n", body=b"0\r\n\r\n"),
    post(b"Transfer-Encoding: chunked, identity\r\n", body=b"0\r\n\r\n"),
    post(b"Transfer-Encoding: identity\r\n", b"Content-Length: 5\r\n", body=b"hello"),
    post(b"Transfer-Encoding: xchunked\r\n", body=b"0\r\n\r\n"),
    post(b"Transfer-Encoding: chunked\x0b\r\n", body=b"0\r\n\r\n"),
    post(b"Transfer-Encoding:\tchunked\r\n", body=b"0\r\n\r\n"),
    post(b"Transfer-Encoding: \r\n chunked\r\n", body=b"0\r\n\r\n"),
    post(b"Transfer-Encoding : chunked\r\n", body=b"0\r\n\r\n"),
    post(b"Transfer_Encoding: chunked\r\n", body=b"0\r\n\r\n"),
    post(_CHUNKED, _CHUNKED, body=b"0\r\n\r\n"),
    post(b'Transfer-Encoding: "chunked"\r\n', body=b"0\r\n\r\n"),
    get(_CHUNKED, version=b"HTTP/1.0") + b"0\r\n\r\n",
    # chunks
    *(
        post(_CHUNKED, body=body)
        for body in (
            b"5\nhello\n0\n\n",
            b"5\r\nhello0\r\n\r\n",
            b"5\r\nhello\r\n0\r\n",
            b"0x5\r\nhello\r\n0\r\n\r\n",
            b"+5\r\nhello\r\n0\r\n\r\n",
            b"-5\r\nhello\r\n0\r\n\r\n",
            b" 5\r\nhello\r\n0\r\n\r\n",
            b"5 \r\nhello\r\n0\r\n\r\n",
            b"5;ext=1\r\nhello\r\n0\r\n\r\n",
            b"5;ext=\n\r\nhello\r\n0\r\n\r\n",
            b'5;ext="\r\n"\r\nhello\r\n0\r\n\r\n',
            b"5\r\nhelloXX0\r\n\r\n",
            b"6\r\nhello\r\n0\r\n\r\n",
            b"4\r\nhello\r\n0\r\n\r\n",
            b"\r\nhello\r\n0\r\n\r\n",
            b"g\r\nhello\r\n0\r\n\r\n",
            b"FFFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
            b"00000000000000000000000000005\r\nhello\r\n0\r\n\r\n",
            b"5\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n",
            b"5\r\nhello\r\n0\r\nHost: evil\r\nContent-Length: 3\r\n\r\n",
            b"5\r\nhello\r\n0\r\n\nGET /smuggled HTTP/1.1\r\n\r\n",
            b"5\r\nhello\r\n0\r\n" + b"X: 1\r\n" * 5000 + b"\r\n",
            b"1\r\nx\r\n" * 60000 + b"0\r\n\r\n",
            b"64000\r\n" + b"x" * 0x64000 + b"\r\n1\r\nx\r\n0\r\n\r\n",
        )
    ),
    # ends of lines, folds, NULs
    b"GET /a HTTP/1.1\nHost: localhost\n\n",
    b"GET /a HTTP/1.1\r\nHost: localhost\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: localhost\r\n\n",
    b"GET /a HTTP/1.1\rHost: localhost\r\r",
    b"GET /a HTTP/1.1\r\r\nHost: localhost\r\n\r\n",
    get(b"X: a\r\n b\r\n"),
    get(b"X: a\r\n\tb\r\n"),
    get(b" X: leading\r\n"),
    get(b"X: a\rb\r\n"),
    get(b"X: a\x00b\r\n"),
    get(b"X: a\x7fb\r\n"),
    get(b"X: a\x01b\r\n"),
    get(b"X\x00: a\r\n"),
    get(b"X: a\nContent-Length: 5\r\n"),
    get(b"No colon\r\n"),
    get(b": no name\r\n"),
    get(b"X Y: space\r\n"),
    get(b"X\xe9: name\r\n"),
    get(b"(X): name\r\n"),
    # request lines
    *(
        line + b"\r\n" + HOST + b"\r\n"
        for line in (
            b"GET  /a HTTP/1.1",
            b"GET\t/a HTTP/1.1",
            b"GET /a  HTTP/1.1",
            b"GET /a HTTP/1.1 ",
            b" GET /a HTTP/1.1",
            b"GET /a b HTTP/1.1",
            b"GET /a",
            b"GET",
            b"GET /a HTTP/1.2",
            b"GET /a HTTP/2.0",
            b"GET /a HTTP/0.9",
            b"GET /a HTTP/11",
            b"GET /a HTTP/1.10",
            b"GET /a http/1.1",
            b"GET /a ICE/1.0",
            b"GET /a RTSP/1.0",
            b"get /a HTTP/1.1",
            b"G\xcbT /a HTTP/1.1",
            b"BREW /a HTTP/1.1",
            b"PRI * HTTP/2.0",
            b"SOURCE /a HTTP/1.1",
            b"M-SEARCH * HTTP/1.1",
            b"GET a HTTP/1.1",
            b"GET ?a HTTP/1.1",
            b"GET * HTTP/1.1",
            b"OPTIONS * HTTP/1.1",
            b"GET http://localhost/a HTTP/1.1",
            b"GET http://evil.example/a HTTP/1.1",
            b"GET //evil.example/a HTTP/1.1",
            b"GET /a#fragment HTTP/1.1",
            b"GET /caf\xc3\xa9 HTTP/1.1",
            b"GET /a?\xe9 HTTP/1.1",
            b"GET /\x00 HTTP/1.1",
            b"GET /\x7f HTTP/1.1",
            b"GET /%zz%00%ff HTTP/1.1",
            b"GET /a|b^{}\\ HTTP/1.1",
            b"CONNECT localhost:80 HTTP/1.1",
            b"CONNECT /a HTTP/1.1",
            b"GET /" + b"a" * 8192 + b" HTTP/1.1",
            b"GET /" + b"a" * 300000 + b" HTTP/1.1",
        )
    ),
    # hosts
    b"GET /a HTTP/1.1\r\n\r\n",
    b"GET /a HTTP/1.0\r\n\r\n",
    get(HOST),
    get(b"Host: evil.example\r\n"),
    # too much of everything
    get(*(b"X-%d: 1\r\n" % n for n in range(100))),
    get(b"X: " + b"a" * 20000 + b"\r\n"),
    get(b"X" * 20000 + b": a\r\n"),
    b"GET /a HTTP/1.1\r\nX: " + b"a" * 300000,
    b"\r\n" * 50000 + get(),
    b"\x00" * 1000,
    get() * 50,
    # what is not HTTP/1.1
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.7\r\n",
    b'{"jsonrpc": "2.0"}\r\n',
    # upgrades
    get(b"Upgrade: websocket\r\n", b"Connection: Upgrade\r\n", b"Sec-WebSocket-Key: x\r\n"),
    get(b"Upgrade: h2c\r\n", b"Connection: Upgrade\r\n", b"Content-Length: 100\r\n") + get(target=b"/smuggled"),
    get(b"Upgrade: h2c\r\n", b"Connection: Upgrade\r\n", _CHUNKED) + b"0\r\n\r\n",
    # less than a request
    b"G",
    b"GET /a HTTP/1.1",
    b"GET /a HTTP/1.1\r\nHost: loc",
    post(b"Content-Length: 5\r\n", body=b"hel"),
    post(_CHUNKED, body=b"5\r\nhel"),
    # after the last request
    get(b"Connection: close\r\n") + get(target=b"/after"),
    get(b"Connection: close, keep-alive\r\n") + get(target=b"/after"),
    get(version=b"HTTP/1.0") + get(target=b"/after"),
    get(b"Connection: keep-alive\r\n", version=b"HTTP/1.0") + get(target=b"/after"),
    get(b"Connection: close\r\n") + b"\x00garbage",
    get(b"Content-Length: 5\r\n", b"Expect: 200-maybe\r\n") + b"hello",
    get(b"Expect: 100-continue\r\n"),
)
