/// Requests that must be refused, with the rule they break and the exact status. Every row is complete but for that.
enum BadRequests {
  struct Row {
    let rule: String
    let status: Int
    let bytes: [UInt8]
  }

  static let all =
    lineEnds + requestLines + targets + names + values + lengths + codings + hosts + repeated + bodies + smuggled
    + sizes

  private static func rows(_ rule: String, _ status: Int, _ texts: [String]) -> [Row] {
    texts.enumerated().map { Row(rule: "\(rule) \($0.offset)", status: status, bytes: Array($0.element.utf8)) }
  }

  /// Rows of one field line each, in an otherwise good request.
  private static func fields(_ rule: String, _ status: Int, method: String = "GET", _ lines: [String]) -> [Row] {
    rows(rule, status, lines.map { "\(method) / HTTP/1.1\r\nHost: a\r\n\($0)\r\n\r\n" })
  }

  static let lineEnds = rows(
    "line end", 400,
    [
      "GET / HTTP/1.1\nHost: a\n\n",
      "GET / HTTP/1.1\r\nHost: a\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n\n",
      "GET / HTTP/1.1\n\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n",
      "GET / HTTP/1.1\rHost: a\r\r",
      "GET / HTTP/1.1\r\nHost: a\r\n\rX: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: b\nContent-Length: 5\r\n\r\n",
      "GET / HTTP/1.1\r\nX: a\rTransfer-Encoding: chunked\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\n\nHost: a\r\n\r\n",
      "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n \r\n\r\n",
    ])

  static let requestLines =
    rows(
      "request line", 400,
      [
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\tGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\u{0B}HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\r\nHost: a\r\n\r\n",
        "GET\r\nHost: a\r\n\r\n",
        "GET / \r\nHost: a\r\n\r\n",
        "/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / http/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1\r\nHost: a\r\n\r\n",
        "GET / HTTP/11\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1,1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.a\r\nHost: a\r\n\r\n",
        "GET / HTTP /1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/+1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/01.1\r\nHost: a\r\n\r\n",
        "GET / HTTPS/1.1\r\nHost: a\r\n\r\n",
        "GET / ICE/1.0\r\nHost: a\r\n\r\n",
        "G\u{0}T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET: / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GÉT / HTTP/1.1\r\nHost: a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nHost: a\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}",
      ])
    + rows(
      "version", 505,
      [
        "GET / HTTP/1.0\r\nHost: a\r\n\r\n", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "GET / HTTP/0.9\r\nHost: a\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      ])
    + rows(
      "method", 405,
      [
        "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n",
        "PATCH / HTTP/1.1\r\nHost: a\r\n\r\n", "get / HTTP/1.1\r\nHost: a\r\n\r\n",
        "Get / HTTP/1.1\r\nHost: a\r\n\r\n", "GETT / HTTP/1.1\r\nHost: a\r\n\r\n", "GE / HTTP/1.1\r\nHost: a\r\n\r\n",
      ])

  static let targets = rows(
    "target", 400,
    [
      "*", "a", "http://a/", "https://a/b", "a:443", "?a", "#", "/a#b", "/#", "/a?b#c", "//", "//a", "/a//b", "/a//",
      "/.", "/..", "/a/..", "/a/../b", "/a/./b", "/../a", "/%2e", "/%2e%2e/a", "/.%2E/a", "/%2E./a", "/a/%2e%2e",
      "/%00", "/a%00b", "/%2f", "/a%2Fb", "/%5c", "/a%5Cb", "/a\\b", "\\a", "/%", "/%4", "/%4g", "/%g4", "/%%41",
      "/%u0041", "/%-1", "/a?%00", "/a?b=%2", "/a?b=%zz", "/%0d%0aHost:%20b", "/%0a", "/%7f", "/%ff", "/%c3",
      "/%c0%af", "/%ed%a0%80", "/\"", "/<a>", "/a^b", "/a`b", "/{a}", "/a|b", "/a[b]", "/a?b[0]=c", "/ü", "/\u{7F}",
    ].map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" })

  static let names = fields(
    "field name", 400,
    [
      ": b", " X: b", "\tX: b", "X : b", "X\t: b", "X", "X b", "X Y: b", "(X): b", "X@Y: b", "\"X\": b", "X/Y: b",
      "X[]: b", "X{}: b", "X\\: b", "X;: b", "X,Y: b", "<X>: b", "X=Y: b", "X?: b", "é: b", "X\u{0}: b", "X\u{7F}: b",
      "X: b\r\n folded", "X: b\r\n\tfolded", " : b", "X: b\r\n : c", "Content-Length : 0",
      "Transfer-Encoding : chunked",
      "=X", "HTTP/1.1 200 OK",
    ])

  static let values = fields(
    "field value", 400,
    [
      "X: \u{0}", "X: a\u{0}b", "X: \u{1}", "X: \u{8}", "X: \u{B}", "X: \u{C}", "X: \u{1B}", "X: \u{1F}", "X: \u{7F}",
      "X: é", "X: \u{80}", "X: \u{A0}a", "X: \u{2028}", "X: 💥", "\u{FEFF}X: a",
    ])

  static let lengths = fields(
    "length", 400, method: "POST",
    [
      "Content-Length:", "Content-Length: ", "Content-Length: a", "Content-Length: -1", "Content-Length: +1",
      "Content-Length: 1 ,", "Content-Length: 1,1", "Content-Length: 1, 1", "Content-Length: 1 1",
      "Content-Length: 0x1", "Content-Length: 1.0", "Content-Length: 1e3", "Content-Length: 01", "Content-Length: 00",
      "Content-Length: 00000000010", "Content-Length: 12345678901", "Content-Length: 99999999999999999999999",
      "Content-Length: 18446744073709551616", "Content-Length: 1_000", "Content-Length: \"1\"", "Content-Length: 1;",
      "Content-Length: 1\r\nContent-Length: 1", "Content-Length: 1\r\ncontent-length: 2",
      "Content-Length: 0\r\nContent-Length: 5", "CONTENT-LENGTH: 5\r\nX: y\r\nContent-Length: 5",
    ])

  static let codings =
    fields(
      "transfer coding", 501, method: "POST",
      [
        "Transfer-Encoding: chunked", "transfer-encoding: chunked", "Transfer-Encoding:", "Transfer-Encoding: identity",
        "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: xchunked", "Transfer-Encoding:\tchunked",
        "Transfer-Encoding: \"chunked\"", "TRANSFER-ENCODING: ChUnKeD", "Transfer-Encoding: chunked, identity",
      ])
    + fields(
      "both framings", 400, method: "POST",
      [
        "Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: identity\r\nContent-Length: 0", "Transfer-Encoding:\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
      ])
    + fields(
      "content coding", 415, method: "POST",
      [
        "Content-Encoding: gzip", "Content-Encoding: deflate", "content-encoding: br", "Content-Encoding: zstd",
        "Content-Encoding: identity, gzip", "Content-Encoding:", "Content-Encoding: x",
      ])
    + fields(
      "expectation", 417, method: "POST",
      ["Expect: 200-ok", "Expect:", "Expect: 100-continue, x", "Expect: 100"])

  static let hosts = rows(
    "host", 400,
    [
      "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nX: a\r\n\r\n",
    ]
      + [
        "", " ", "a b", "a,b", "a:b", "a:", "a:123456", "a:65536", "a:-1", "a:1:2", "a/b", "http://a", "u@a", "a?b",
        "a#b",
        "[", "[]", "[::1", "[::1]x", "[::1]:", "[::1%25eth0]", "[g::]", "::1", "a%41", "*", "<a>", "a\\b", "a;b", "a'b",
        String(repeating: "a", count: 254),
      ].map { "GET / HTTP/1.1\r\nHost: \($0)\r\n\r\n" })

  static let repeated = fields(
    "repeated field", 400,
    [
      "Host: a", "Host: b", "host: a", "Cookie: a=b\r\nCookie: c=d", "Authorization: a\r\nAuthorization: b",
      "Content-Type: a\r\nContent-Type: a", "Content-Encoding: identity\r\nContent-Encoding: identity",
      "Connection: close\r\nConnection: keep-alive", "Expect: 100-continue\r\nExpect: 100-continue",
      "Authorization: a\r\nX: y\r\nAUTHORIZATION: a",
    ])

  static let bodies =
    fields("body of GET", 400, ["Content-Length: 1", "Content-Length: 9999999999", "content-length: 5"])
    + fields("body of DELETE", 400, method: "DELETE", ["Content-Length: 1", "Content-Length: 4096"])

  /// What has been used to make two readers of one stream see different requests.
  static let smuggled =
    fields(
      "smuggling", 400, method: "POST",
      [
        "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
        "Content-Length: 4\r\nTransfer-Encoding: xchunked\r\n\r\n1\r\nZ\r\nQ",
        "Transfer-Encoding:\u{B}chunked\r\nContent-Length: 4", "Transfer-Encoding\u{0}: chunked",
        "X: X\nTransfer-Encoding: chunked",
        "Transfer-Encoding\n: chunked", "Foo: bar\r\n Transfer-Encoding: chunked", "\u{0}Content-Length: 5",
        "Content-Length: 5\u{0}", "Content-Length: 5\r", "Content-Length:\u{C}5", "Content-Length: 5\r\n 6",
        "Content-Length\u{A0}: 5", "Content-Length: ٥", "X: y\r\n\tContent-Length: 5", "Host:b\r\n\tc",
      ])
    + fields(
      "chunk games", 501, method: "POST",
      [
        "Transfer-Encoding: chunked\r\n\r\n5;a=\n\r\nhello\r\n0", "Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0",
        "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        "Transfer-Encoding: chunked\r\nTrailer: Host\r\n\r\n0",
      ])

  static let sizes =
    rows(
      "target size", 414,
      [
        "GET /" + String(repeating: "a", count: 4096) + " HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /?" + String(repeating: "a", count: 9000),
        String(repeating: "G", count: 6000),
      ])
    + rows(
      "head size", 431,
      [
        "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "a", count: 270_000) + "\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 64) + "\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "x", count: 270_000),
      ])
}
