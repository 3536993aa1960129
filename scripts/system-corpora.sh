#!/usr/bin/env bash
# Writes testdata/formats for the systems that people run, with the real programs,
# and their versions beside the lines: system-corpora.sh [PROGRAM…]. Debian's
# packages redis-server, mariadb-server, postgresql, rabbitmq-server, etcd-server,
# prometheus and rsyslog must be installed. Every server listens on 127.0.0.1 only
# and is stopped again.
set -euo pipefail
cd "$(dirname "$0")/.."

out=$PWD/testdata/formats
tmp=$(mktemp -d)
chmod 755 "$tmp"
pids=()
finish() {
  for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
  wait
  rm -rf "$tmp"
}
trap finish EXIT

# as_nobody runs a server in a folder of its own, which it may write.
as_nobody() { exec setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME="$PWD" "$@"; }

# start runs a server in the background in a new folder and prints nothing.
start() {
  local name=$1
  shift
  mkdir -p "$tmp/$name"
  chown nobody:nogroup "$tmp/$name"
  (cd "$tmp/$name" && as_nobody "$@") >"$tmp/$name.out" 2>&1 &
  pids+=($!)
}

# stop ends the server that was started last.
stop() {
  local p=${pids[-1]}
  unset 'pids[-1]'
  kill "$p" 2>/dev/null || true
  wait "$p" || true
}

# until_true waits for a command to succeed, three minutes at most.
until_true() {
  for _ in $(seq 900); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.2
  done
  echo "system-corpora.sh: gave up waiting for: $*" >&2
  return 1
}

# keep FORMAT PROGRAM VERSION LOG copies at most 60 lines of a log.
keep() {
  local versions=$out/$1/VERSION
  mkdir -p "$out/$1"
  head -n 60 "$4" >"$out/$1/$2.log"
  touch "$versions"
  { grep -v "^$2 " "$versions" || true; echo "$2 $3"; } | sort -o "$versions"
  echo "$1/$2: $(wc -l <"$out/$1/$2.log") lines"
}

redis() {
  local version
  version=$(redis-server --version | sed -E 's/.* v=([0-9.]+) .*/\1/')
  start redis redis-server --port 26379 --bind 127.0.0.1 --save 1 1 --appendonly yes --dir . --loglevel debug
  until_true redis-cli -p 26379 set a 1
  redis-cli -p 26379 bgsave >/dev/null
  start replica redis-server --port 26380 --bind 127.0.0.1 --replicaof 127.0.0.1 26379 --dir . --loglevel verbose
  until_true redis-cli -p 26380 get a
  sleep 2
  stop
  redis-cli -p 26379 bgrewriteaof >/dev/null
  sleep 2
  stop
  cat "$tmp/redis.out" "$tmp/replica.out" | grep -v signal-handler >"$tmp/redis.log"
  keep redis redis "$version" "$tmp/redis.log"
}

mariadb() {
  local version
  version=$(/usr/sbin/mariadbd --version | sed -E 's/.*Ver ([0-9.]+)-.*/\1/')
  mkdir -p "$tmp/mariadb"
  chown nobody:nogroup "$tmp/mariadb"
  (cd "$tmp/mariadb" && as_nobody mariadb-install-db --no-defaults --datadir="$PWD/data" --auth-root-authentication-method=normal) >/dev/null 2>&1
  start mariadb /usr/sbin/mariadbd --no-defaults --datadir="$tmp/mariadb/data" --socket="$tmp/mariadb/s" --port=26306 --bind-address=127.0.0.1 --log-warnings=9
  until_true mysqladmin --no-defaults -u root -S "$tmp/mariadb/s" ping
  for _ in $(seq 12); do mysql --no-defaults -h 127.0.0.1 -P 26306 -u nobody_at_all -pwrong -e 'select 1' 2>/dev/null || true; done
  stop
  grep -E '^[0-9]{4}-' "$tmp/mariadb.out" >"$tmp/mariadb.log"
  keep mysql mariadb "$version" "$tmp/mariadb.log"
}

postgres() {
  local bin version sql
  bin=$(echo /usr/lib/postgresql/*/bin)
  version=$("$bin/postgres" --version | sed -E 's/.*\) ([0-9.]+).*/\1/')
  mkdir -p "$tmp/postgres"
  chown nobody:nogroup "$tmp/postgres"
  (cd "$tmp/postgres" && as_nobody "$bin/initdb" -D data -A trust -U admin) >/dev/null
  start postgres "$bin/postgres" -D data -k "$tmp/postgres" -p 26432 -c listen_addresses=127.0.0.1 \
    -c log_destination=stderr,csvlog,jsonlog -c logging_collector=on -c log_directory=log -c log_filename=pg.log \
    -c log_min_messages=debug1 -c log_connections=on -c log_disconnections=on -c log_min_duration_statement=0 \
    -c log_line_prefix='%m [%p] %q%u@%d '
  sql() { psql -h 127.0.0.1 -p 26432 -U admin -d postgres "$@" >/dev/null 2>&1 || true; }
  until_true psql -h 127.0.0.1 -p 26432 -U admin -d postgres -c 'select 1'
  sql -c 'create table t (id int primary key)' -c 'insert into t values (1)' -c 'insert into t values (1)'
  sql -c 'select "no such column" from t' -c "select 'a \"quoted\", text'" -c 'drop table if exists gone'
  sql -c 'select 1/0' -c "do \$\$ begin raise warning 'careful'; raise notice 'well'; end \$\$"
  psql -h 127.0.0.1 -p 26432 -U nobody_at_all -d none >/dev/null 2>&1 || true
  stop
  # A line that goes on behind a newline is for whoever joins lines.
  keep postgresql postgresql "$version" <(grep -aE '^[0-9]{4}-' "$tmp/postgres/data/log/pg.log")
  keep postgresql-csv postgresql "$version" "$tmp/postgres/data/log/pg.csv"
  keep postgresql-json postgresql "$version" "$tmp/postgres/data/log/pg.json"
}

etcd() {
  local version
  version=$(command etcd --version | sed -nE 's/etcd Version: //p')
  start etcd etcd --data-dir data --unsafe-no-fsync --listen-client-urls http://127.0.0.1:26379 --advertise-client-urls http://127.0.0.1:26379 \
    --listen-peer-urls http://127.0.0.1:26380 --initial-advertise-peer-urls http://127.0.0.1:26380 --initial-cluster default=http://127.0.0.1:26380 \
    --logger zap --log-level debug
  until_true curl -fs http://127.0.0.1:26379/health
  stop
  keep json etcd "$version" "$tmp/etcd.out"
  start etcd2 etcd --data-dir data --unsafe-no-fsync --listen-client-urls http://127.0.0.1:26379 --advertise-client-urls http://127.0.0.1:26379 \
    --listen-peer-urls http://127.0.0.1:26380 --initial-advertise-peer-urls http://127.0.0.1:26380 --initial-cluster default=http://127.0.0.1:26380 \
    --logger capnslog --debug
  until_true curl -fs http://127.0.0.1:26379/health
  stop
  keep etcd etcd "$version" <(grep -E '^[0-9]{4}-' "$tmp/etcd2.out")
}

prometheus() {
  local version
  version=$(command prometheus --version 2>&1 | sed -nE '1s/.*version ([0-9.]+).*/\1/p')
  mkdir -p "$tmp/prometheus"
  printf 'global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: none\n  static_configs: [{targets: ["127.0.0.1:1"]}]\n' >"$tmp/prometheus/c.yml"
  start prometheus prometheus --config.file=c.yml --storage.tsdb.path=data --web.listen-address=127.0.0.1:26090 --web.enable-lifecycle \
    --web.console.templates=. --web.console.libraries=. --log.level=debug
  until_true curl -fs http://127.0.0.1:26090/-/ready
  curl -fsX POST http://127.0.0.1:26090/-/reload || true
  sleep 4
  stop
  keep logfmt prometheus "$version" "$tmp/prometheus.out"
}

rabbitmq() {
  rabbitmq_console plaintext
  sed 's/\x1b\[[0-9;]*m//g' "$tmp/rabbitmq.out" | grep -E '^[0-9]{4}-' >"$tmp/rabbitmq.log"
  keep rabbitmq rabbitmq "$(rabbitmq_version)" "$tmp/rabbitmq.log"
  rabbitmq_console json
  grep -E '^\{' "$tmp/rabbitmq.out" >"$tmp/rabbitmq.log"
  keep json rabbitmq "$(rabbitmq_version)" "$tmp/rabbitmq.log"
}

rabbitmq_version() { dpkg-query -W -f '${Version}' rabbitmq-server | sed 's/-.*//'; }

# rabbitmq_console runs a broker whose console has a formatter.
rabbitmq_console() {
  local d
  d=$tmp/rabbitmq
  rm -rf "$d" "$tmp/rabbitmq.out"
  mkdir -p "$d/home"
  printf 'listeners.tcp.default = 127.0.0.1:26672\nlog.console = true\nlog.console.level = debug\nlog.console.formatter = %s\nlog.file = false\ndisk_free_limit.absolute = 50MB\n' "$1" >"$d/rabbitmq.conf"
  echo '[].' >"$d/enabled_plugins"
  echo cookie >"$d/home/.erlang.cookie"
  chown -R nobody:nogroup "$d"
  chmod 400 "$d/home/.erlang.cookie"
  start epmd epmd -address 127.0.0.1 -port 26369
  until_true bash -c 'exec 3<>/dev/tcp/127.0.0.1/26369'
  start rabbitmq env HOME="$d/home" ERL_EPMD_PORT=26369 ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_NODENAME=corpus@localhost RABBITMQ_CONF_ENV_FILE=/dev/null \
    RABBITMQ_CONFIG_FILE="$d/rabbitmq.conf" RABBITMQ_ADVANCED_CONFIG_FILE="$d/advanced.config" RABBITMQ_ENABLED_PLUGINS_FILE="$d/enabled_plugins" \
    RABBITMQ_MNESIA_BASE="$d/mnesia" RABBITMQ_LOG_BASE="$d/log" RABBITMQ_SCHEMA_DIR="$d/schema" RABBITMQ_GENERATED_CONFIG_DIR="$d/generated" \
    RABBITMQ_FEATURE_FLAGS_FILE="$d/feature_flags" RABBITMQ_PID_FILE="$d/pid" RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_DIST_PORT=26673 LANG=C.UTF-8 \
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 -start_epmd false' \
    /usr/lib/rabbitmq/bin/rabbitmq-server
  until_true grep -q 'Server startup complete' "$tmp/rabbitmq.out"
  bash -c 'exec 3<>/dev/tcp/127.0.0.1/26672; printf "GET / HTTP/1.1\r\n\r\n" >&3; head -c 8 <&3 >/dev/null' || true
  sleep 1
  stop
  stop
}

# elasticsearch runs the server of elasticsearch.sh.
elasticsearch() {
  local home version=8.19.8
  home=$(scripts/elasticsearch.sh "$version")
  cp -rL "$home" "$tmp/elasticsearch"
  chown -R nobody:nogroup "$tmp/elasticsearch"
  printf 'discovery.type: single-node\nnetwork.host: 127.0.0.1\nhttp.port: 26920\ntransport.port: 26930\nxpack.security.enabled: false\nnode.name: node-1\n' >"$tmp/elasticsearch/config/elasticsearch.yml"
  start elasticsearch env ES_JAVA_OPTS='-Xms512m -Xmx512m' ES_JAVA_HOME="${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")}" bin/elasticsearch
  until_true curl -fs http://127.0.0.1:26920/_cluster/health
  es() { curl -sX "$1" "http://127.0.0.1:26920$2" -H 'Content-Type: application/json' -d "${3:-}" >/dev/null; }
  es PUT /shop '{"settings":{"index.search.slowlog.threshold.query.warn":"0ms","index.indexing.slowlog.threshold.index.info":"0ms"}}'
  for n in 1 2 3 4 5; do es POST /shop/_doc "{\"n\":$n}"; done
  es POST /shop/_refresh
  es GET /shop/_search '{"query":{"match_all":{}}}'
  es PUT /shop '{"settings":{"number_of_shards":"x"}}'
  sleep 2
  stop
  grep -hE '^\[[0-9]{4}-' "$tmp/elasticsearch.out" >"$tmp/es.log" || true
  keep elasticsearch elasticsearch "$version" "$tmp/es.log"
  cat "$tmp"/elasticsearch/logs/*_server.json "$tmp"/elasticsearch/logs/*slowlog.json >"$tmp/es.json" 2>/dev/null || true
  [[ ! -s $tmp/es.json ]] || keep json elasticsearch "$version" "$tmp/es.json"
}

# kubernetes runs the API server of kube-apiserver.sh.
kubernetes() {
  local server version
  server=$(scripts/kube-apiserver.sh)
  version=$(basename "$server" | sed -E 's/kube-apiserver-v([0-9.]+)-.*/\1/')
  mkdir -p "$tmp/kubernetes"
  (cd "$tmp/kubernetes" && openssl ecparam -genkey -name prime256v1 -noout -out sa.key && openssl ec -in sa.key -pubout -out sa.pub) 2>/dev/null
  echo 'admin-token,admin,u-admin,"system:masters"' >"$tmp/kubernetes/tokens.csv"
  printf 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: RequestResponse\n  resources: [{group: "", resources: [configmaps]}]\n- level: Metadata\n' >"$tmp/kubernetes/policy.yaml"
  chmod 644 "$tmp"/kubernetes/*
  start etcd3 etcd --data-dir data --unsafe-no-fsync --listen-client-urls http://127.0.0.1:26379 --advertise-client-urls http://127.0.0.1:26379 \
    --listen-peer-urls http://127.0.0.1:26380 --initial-advertise-peer-urls http://127.0.0.1:26380 --initial-cluster default=http://127.0.0.1:26380
  until_true curl -fs http://127.0.0.1:26379/health
  start kubernetes "$server" --etcd-servers=http://127.0.0.1:26379 --bind-address=127.0.0.1 --advertise-address=127.0.0.1 --secure-port=26443 \
    --cert-dir=certs --service-account-issuer=https://kubernetes.default.svc --service-account-key-file=sa.pub --service-account-signing-key-file=sa.key \
    --authorization-mode=RBAC --token-auth-file=tokens.csv --service-cluster-ip-range=10.0.0.0/24 --endpoint-reconciler-type=none \
    --disable-admission-plugins=ServiceAccount --audit-policy-file=policy.yaml --audit-log-path=audit.log -v=2
  api() { curl -sk -H "Authorization: Bearer $1" -H 'Content-Type: application/json' -X "$2" "https://127.0.0.1:26443$3" -d "${4:-}"; }
  until_true curl -fsk -H 'Authorization: Bearer admin-token' https://127.0.0.1:26443/readyz
  api admin-token POST /api/v1/namespaces/default/configmaps '{"metadata":{"name":"a \"b\""}}' >/dev/null
  api admin-token POST /api/v1/namespaces/default/configmaps '{"metadata":{"name":"ok"},"data":{"k":"v"}}' >/dev/null
  api admin-token GET '/api/v1/namespaces/default/configmaps?limit=1&labelSelector=a%3Db' >/dev/null
  api admin-token DELETE /api/v1/namespaces/default/configmaps/ok >/dev/null
  api wrong GET /api/v1/pods >/dev/null
  api admin-token GET /apis/nowhere/v1/things >/dev/null
  stop
  stop
  # The last lines are those of the requests above.
  keep kubernetes-audit kube-apiserver "$version" <(grep -aE 'curl' "$tmp/kubernetes/audit.log"; head -n 40 "$tmp/kubernetes/audit.log")
  keep klog kube-apiserver "$version" <(grep -E '^[IWEF][0-9]{4} ' "$tmp/kubernetes.out")
}

# cassandra runs the daemon from Maven Central with the log layout that its own
# conf/logback.xml has, its audit log through the same, and on the console with
# the layout that versions before 3 have there.
cassandra() {
  local version=5.0.5 d=$tmp/cassandra
  mkdir -p "$d/conf"
  cat >"$d/pom.xml" <<XML
<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version>
<dependencies><dependency><groupId>org.apache.cassandra</groupId><artifactId>cassandra-all</artifactId><version>$version</version></dependency></dependencies></project>
XML
  (cd "$d" && mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory="$d/lib")
  cat >"$d/conf/logback.xml" <<'XML'
<configuration><appender name="F" class="ch.qos.logback.core.FileAppender"><file>system.log</file>
<encoder><pattern>%-5level [%thread] %date{ISO8601} %F:%L - %msg%n</pattern></encoder></appender>
<appender name="C" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%-5level %date{HH:mm:ss,SSS} %msg%n</pattern></encoder></appender>
<root level="INFO"><appender-ref ref="F"/><appender-ref ref="C"/></root></configuration>
XML
  cat >"$d/conf/cassandra.yaml" <<YAML
cluster_name: corpus
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
commitlog_sync: periodic
commitlog_sync_period: 10000ms
listen_address: 127.0.0.1
rpc_address: 127.0.0.1
storage_port: 26700
native_transport_port: 26942
endpoint_snitch: SimpleSnitch
seed_provider: [{class_name: org.apache.cassandra.locator.SimpleSeedProvider, parameters: [{seeds: "127.0.0.1:26700"}]}]
data_file_directories: [$d/data]
commitlog_directory: $d/commitlog
hints_directory: $d/hints
saved_caches_directory: $d/saved_caches
cdc_raw_directory: $d/cdc
audit_logging_options: {enabled: true, logger: [{class_name: FileAuditLogger}], included_keyspaces: ""}
YAML
  local opens=()
  for m in java.base/{sun.nio.ch,java.io,java.lang,java.lang.reflect,java.util,java.util.concurrent,java.util.concurrent.atomic,java.nio,java.net,jdk.internal.ref,jdk.internal.misc,jdk.internal.loader,jdk.internal.math,jdk.internal.module,jdk.internal.reflect,jdk.internal.util.jar} \
    java.management.rmi/javax.management.remote.rmi java.rmi/{sun.rmi.registry,sun.rmi.server,sun.rmi.transport,sun.rmi.transport.tcp} java.sql/java.sql java.logging/java.util.logging java.management/java.lang.management jdk.management/com.sun.management.internal; do
    opens+=("--add-opens=$m=ALL-UNNAMED" "--add-exports=$m=ALL-UNNAMED")
  done
  start cassandra java -Xmx512m -Djava.security.manager=allow -Dcassandra.config="file://$d/conf/cassandra.yaml" -Dcassandra.storagedir="$d" -Dcassandra-foreground=yes \
    -Dcassandra.jmx.local.port=26199 -Dlogback.configurationFile="$d/conf/logback.xml" "${opens[@]}" -cp "$d/conf:$d/lib/*" org.apache.cassandra.service.CassandraDaemon
  until_true grep -q 'Startup complete' "$d/system.log"
  cql_queries 26942
  until_true grep -q 'DROP KEYSPACE' "$d/system.log"
  stop
  keep cassandra cassandra "$version" <(grep -E '^[A-Z]+ +\[' "$d/system.log" | grep -v FileAuditLogger.java)
  keep cassandra audit "$version" <(grep FileAuditLogger.java "$d/system.log" | grep -E '^[A-Z]+ +\[')
  keep cassandra console "$version" <(grep -E "^[A-Z]+ +[0-9]{2}:" "$tmp/cassandra.out" | grep -v "Node configuration:" | sed "s,$d,/srv/cassandra,g")
}

# cql_queries asks Cassandra on a port, by version 4 of its native protocol
# (doc/native_protocol_v4.spec).
cql_queries() {
  python3 - "$1" <<'PY'
import socket, struct, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60)
def ask(opcode, body):
    s.sendall(struct.pack(">BBhBi", 4, 0, 0, opcode, len(body)) + body)
    head = b""
    while len(head) < 9: head += s.recv(9 - len(head))
    left = struct.unpack(">i", head[5:])[0]
    while left: left -= len(s.recv(min(left, 65536)))
def text(t): return struct.pack(">H", len(t)) + t.encode()
ask(1, struct.pack(">H", 1) + text("CQL_VERSION") + text("3.0.0"))
for q in ["CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}", "USE shop",
          "CREATE TABLE shop.orders (id int PRIMARY KEY, who text)", "CREATE INDEX ON shop.orders (who)",
          *(f"INSERT INTO shop.orders (id, who) VALUES ({n}, 'ann | ''{n}'' ünïcode')" for n in range(4)),
          "SELECT * FROM shop.orders", "SELECT who\nFROM shop.orders WHERE id = 1", "SELECT * FROM shop.orders WHERE who = 'a|operation:b'",
          "UPDATE shop.orders SET who = 'bob' WHERE id = 1", "DELETE FROM shop.orders WHERE id = 2", "BEGIN BATCH INSERT INTO shop.orders (id) VALUES (9) APPLY BATCH",
          "SELECT nonsense", "SELECT * FROM shop.nothing", "SELECT release_version FROM system.local", "TRUNCATE shop.orders", "ALTER TABLE shop.orders ADD at timestamp",
          "DROP INDEX shop.orders_who_idx", "CREATE TYPE shop.place (city text)", "DROP TYPE shop.place", "CREATE ROLE eve WITH PASSWORD = 'secret'", "LIST ROLES",
          "DROP TABLE shop.orders", "DROP KEYSPACE shop"]:
    ask(7, struct.pack(">i", len(q.encode())) + q.encode() + struct.pack(">HB", 1, 0))
PY
}

# coredns is built with the plugins that a cluster's Corefile has, by the module
# proxy's checksums, into .cache/.
coredns() {
  local version=v1.15.0 server d=$tmp/coredns plugins="reload bind debug ready health errors log cache hosts template loop forward" p
  server=$PWD/.cache/coredns-$version/coredns
  mkdir -p "$d" "$(dirname "$server")"
  if [[ ! -x $server ]]; then
    {
      printf 'package main\n\nimport (\n\t"strings"\n\n\t"github.com/coredns/coredns/core/dnsserver"\n\t"github.com/coredns/coredns/coremain"\n\n'
      for p in $plugins; do printf '\t_ "github.com/coredns/coredns/plugin/%s"\n' "$p"; done
      printf ')\n\nfunc main() {\n\tdnsserver.Directives = strings.Fields("%s")\n\tcoremain.Run()\n}\n' "$plugins"
    } >"$d/main.go"
    (cd "$d" && export GOFLAGS=-mod=mod GOWORK=off CGO_ENABLED=0 && go mod init corpus && go get "github.com/coredns/coredns@$version" && go build -trimpath -ldflags '-s -w' -o "$server" .) >"$tmp/coredns.build" 2>&1
  fi
  cat >"$d/Corefile" <<'CONF'
(shop) {
  bind 127.0.0.1
  errors
  debug
  hosts {
    10.0.0.1 shop.test
    fd00::1 shop.test
    fallthrough
  }
  template IN A refused.test {
    rcode REFUSED
  }
  cache 30
  forward . 127.0.0.1:1
}
.:26053 {
  import shop
  log
}
.:26054 {
  import shop
  log . "{combined}"
}
CONF
  cat >"$d/ask.py" <<'PY'
import socket, struct
def query(n, name, kind, klass=1, edns=None, do=False, tcp=False, flags=0x100, port=26053):
    q = b"".join(bytes([len(p)]) + p for p in name.encode("latin-1").split(b".") if p) + b"\0" + struct.pack(">HH", kind, klass)
    extra = b"" if edns is None else b"\0" + struct.pack(">HHIH", 41, edns, 0x8000 if do else 0, 0)
    packet = struct.pack(">HHHHHH", n, flags, 1, 0, 0, 1 if extra else 0) + q + extra
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as s:
        s.settimeout(20)
        s.connect(("127.0.0.1", port))
        s.send(struct.pack(">H", len(packet)) + packet if tcp else packet)
        s.recv(4096)
A, NS, SOA, PTR, MX, TXT, AAAA, SRV, HTTPS, ANY = 1, 2, 6, 12, 15, 16, 28, 33, 65, 255
query(1, "shop.test.", A); query(2, "shop.test.", AAAA, edns=1232, do=True); query(3, "SHOP.test.", A, edns=4096)
query(4, "1.0.0.10.in-addr.arpa.", PTR, tcp=True); query(5, "refused.test.", A); query(6, "www.example.org.", AAAA, edns=1232)
query(7, "_http._tcp.shop.test.", SRV); query(8, ".", NS); query(9, "shop.test.", A, klass=3); query(10, "version.bind.", TXT, klass=3)
query(11, 'a"b c.test.', A); query(12, "caf\xc3\xa9.test.", A); query(13, "tab\tx.test.", A); query(14, "shop.test.", 65280)
query(15, "shop.test.", HTTPS); query(65535, "shop.test.", ANY, tcp=True); query(16, "x" * 60 + ".test.", A); query(17, "shop.test.", SOA, flags=0)
for n in range(18, 30): query(n, "shop.test.", A, port=26054)
query(30, "example.org.", MX, port=26054)
PY
  start coredns "$server" -conf Corefile
  until_true grep -q '^linux/' "$tmp/coredns.out"
  python3 "$d/ask.py"
  stop
  # What it says of itself cannot be told from anybody's lines.
  keep coredns coredns "$version" <(grep -E '^\[[A-Z]+\] (plugin/|[0-9])' "$tmp/coredns.out")
}

# syslog sends lines with util-linux's logger to rsyslog, which writes them in its
# own layouts: as files have them (Debian's with the time of RFC 3339 since 12), as
# they go over a network, to which only a line's end is added, and as RFC 5424.
syslog() {
  local version d=$tmp/syslog name p
  version=$(rsyslogd -v | sed -nE '1s/.*rsyslogd +([0-9.]+).*/\1/p')
  mkdir -p "$d"
  cat >"$d/rsyslog.conf" <<CONF
module(load="imuxsock" SysSock.Use="off")
template(name="TraditionalForward" type="string" string="<%PRI%>%TIMESTAMP% %HOSTNAME% %syslogtag:1:32%%msg:::sp-if-no-1st-sp%%msg%\n")
template(name="Forward" type="string" string="<%PRI%>%TIMESTAMP:::date-rfc3339% %HOSTNAME% %syslogtag:1:32%%msg:::sp-if-no-1st-sp%%msg%\n")
ruleset(name="files") {
  action(type="omfile" file="$d/TraditionalFile" template="RSYSLOG_TraditionalFileFormat")
  action(type="omfile" file="$d/File" template="RSYSLOG_FileFormat")
  action(type="omfile" file="$d/TraditionalForward" template="TraditionalForward")
  action(type="omfile" file="$d/Forward" template="Forward")
}
ruleset(name="protocol") { action(type="omfile" file="$d/Protocol" template="RSYSLOG_SyslogProtocol23Format") }
input(type="imuxsock" Socket="$d/old" RuleSet="files")
input(type="imuxsock" Socket="$d/new" RuleSet="protocol" UseSpecialParser="off" ParseHostname="on")
CONF
  start syslog rsyslogd -n -f "$d/rsyslog.conf" -i "$d/pid"
  until_true test -S "$d/new"
  old() { logger --socket "$d/old" "$@"; }
  new() { logger --socket "$d/new" "$@"; }
  for p in kern.emerg user.alert mail.crit daemon.err auth.warning syslog.notice authpriv.info cron.debug local0.notice local7.err; do
    old -t sshd --id=4711 -p $p "Connection closed by 10.0.0.1 port 5000"
    old -t CRON --id=32 -p $p "(root) CMD (run-parts /etc/cron.hourly): \"quoted\" ünïcode"
    new --rfc5424 -t shop --id=31 -p $p --msgid ID47 --sd-id shop@32473 --sd-param 'order="47\"11"' --sd-param 'at="[x\]"' "order placed by ann: \"quoted\" ünïcode"
    new --rfc5424=notime,notq -t cron -p $p "(root) CMD (run-parts /etc/cron.hourly)"
  done
  old -t kernel -p kern.info "[   12.345678] usb 1-1: new device"
  old -t shop --id=31 -p local0.info "order placed trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7"
  new --rfc5424 -t shop -p local0.info --sd-id opentelemetry@32473 --sd-param 'trace_id="4bf92f3577b34da6a3ce929d0e0e4736"' --sd-param 'span_id="00f067aa0ba902b7"' "order placed"
  until_true grep -q trace_id "$d/Forward"
  until_true grep -q trace_id "$d/Protocol"
  stop
  for name in TraditionalFile File TraditionalForward Forward; do
    keep syslog "rsyslog-$name" "$version" <(sed "s/ $(hostname -s) / web-1 /" "$d/$name")
  done
  keep syslog-5424 rsyslog "$version" <(sed "s/ $(hostname -s) / web-1 /" "$d/Protocol")
}

if (($# == 0)); then set -- redis mariadb postgres etcd prometheus rabbitmq elasticsearch kubernetes cassandra coredns syslog; fi
for p in "$@"; do "$p"; done
