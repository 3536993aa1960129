#!/usr/bin/env bash
# Writes testdata/formats: access and error logs of real servers, each asked the
# same things by good and bad clients. Servers as arguments limit it to those:
# nginx apache haproxy caddy, all from Debian; proxy-corpora.sh has the others. The
# logs are committed; run this again only to change what is asked or for a newer
# server.
source "$(dirname "$0")/corpora.bash"

nginx_corpus() {
  need nginx "nginx-light, libnginx-mod-stream"
  local d=$work/nginx a b dead tcp deaf
  mkdir -p "$d"
  read -r a b dead tcp deaf <<<"$(ports 5)"
  backend "$b"
  echo 'ann:{PLAIN}secret' >"$d/users"
  cat >"$d/nginx.conf" <<CONF
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
pid $d/pid; daemon off; worker_processes 1; error_log $d/error.log info;
events { worker_connections 64; }
stream {
  log_format log_stream '[\$remote_addr] [\$time_local] \$protocol \$status \$bytes_sent \$bytes_received \$session_time';
  access_log $d/stream.log log_stream;
  server { listen 127.0.0.1:$tcp; proxy_pass 127.0.0.1:$b; }
  server { listen 127.0.0.1:$deaf; proxy_pass 127.0.0.1:$dead; }
}
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
    location /canary { set \$proxy_alternative_upstream_name shop-web-canary-80; proxy_pass http://two; }
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
  curl -so /dev/null "http://127.0.0.1:$a/canary/1"
  ask "$tcp"
  curl -so /dev/null "http://127.0.0.1:$deaf/" || true
  stop_last
  local version
  version=$(nginx -v 2>&1 | sed 's,.*: ,,;s,/, ,')
  save nginx combined "$version" "$d/combined.log"
  save nginx main "$version" "$d/main.log"
  save nginx-json json "$version" "$d/json.log"
  save nginx-error error "$version" "$d/error.log"
  save ingress-nginx stream "$version with the controller's log_format" "$d/stream.log"
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
  local d=$work/haproxy http https tcp json b dead
  mkdir -p "$d"
  read -r http https tcp json b dead <<<"$(ports 6)"
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
frontend objects
  mode http
  bind 127.0.0.1:$json
  http-request capture req.hdr(User-Agent) len 64
  log-format '{"client_ip":"%ci","client_port":%cp,"request_date":"%tr","frontend_name":"%f","backend_name":"%b","server_name":"%s","TR":%TR,"Tw":%Tw,"Tc":%Tc,"Tr":%Tr,"Ta":%Ta,"status_code":%ST,"bytes_read":%B,"bytes_uploaded":%U,"termination_state":"%tsc","actconn":%ac,"feconn":%fc,"beconn":%bc,"srv_conn":%sc,"retries":%rc,"srv_queue":%sq,"backend_queue":%bq,"http_request":"%r","user_agent":"%[capture.req.hdr(0),json(utf8s)]"}'
  use_backend gone if { path /dead }
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
  ask "$json"
  stop_last
  grep -a '^[0-9.]*:[0-9]* \[' "$work/haproxy.out" >"$d/access.log"
  grep -a '^{' "$work/haproxy.out" >"$d/json.log"
  local version
  version=$(haproxy -v | sed -n 's/HAProxy version \([^ ]*\).*/haproxy \1/p')
  save haproxy access "$version" "$d/access.log"
  save haproxy-json json "$version with the manual's names of its fields as keys" "$d/json.log"
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

for server in "${@:-nginx apache haproxy caddy}"; do
  for name in $server; do "${name}_corpus"; done
done
