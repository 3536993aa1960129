#!/usr/bin/env bash
# Writes testdata/formats for the loggers of applications with the real ones of Go,
# Node.js, Python, Java, Rust, Ruby and C++, pinned, from their registries:
# logger-corpora.sh [go|node|python|java|spring|rust|ruby|cpp…]. Ruby and C++'s glog
# are Debian's (ruby, g++, libgoogle-glog-dev).
set -euo pipefail
cd "$(dirname "$0")/.."

out=$PWD/testdata/formats
tmp=$(mktemp -d)
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT

# keep FORMAT LOGGER VERSION keeps what comes on standard input.
keep() {
  local versions=$out/$1/VERSION
  mkdir -p "$out/$1"
  cat >"$out/$1/$2.log"
  touch "$versions"
  { grep -v "^$2 " "$versions" || true; echo "$2 $3"; } | sort -o "$versions"
  echo "$1/$2: $(wc -l <"$out/$1/$2.log") lines"
}

go_loggers() {
  local zap=v1.27.0 zerolog=v1.34.0 logrus=v1.9.3 kubernetes=v0.34.1 logger
  mkdir "$tmp/go"
  cat >"$tmp/go/main.go" <<'GO'
package main

import (
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/rs/zerolog"
	"github.com/sirupsen/logrus"
	"go.uber.org/zap"
	"k8s.io/component-base/featuregate"
	logsapi "k8s.io/component-base/logs/api/v1"
	_ "k8s.io/component-base/logs/json/register"
	"k8s.io/klog/v2"
)

const trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

func main() {
	err := errors.New(`a "quoted" error`)
	s := slog.New(slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{AddSource: true, Level: slog.LevelDebug - 4}))
	config := zap.NewProductionConfig()
	config.OutputPaths, config.Level, config.Sampling = []string{"stdout"}, zap.NewAtomicLevelAt(zap.DebugLevel), nil
	z, _ := config.Build()
	zero := zerolog.New(os.Stdout).With().Timestamp().Logger().Level(zerolog.TraceLevel)
	l := logrus.New()
	l.Out, l.Formatter, l.Level = os.Stdout, new(logrus.JSONFormatter), logrus.TraceLevel
	st := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{AddSource: true, Level: slog.LevelDebug - 4}))
	lt := logrus.New()
	lt.Out, lt.Formatter, lt.Level = os.Stdout, &logrus.TextFormatter{DisableColors: true}, logrus.TraceLevel
	if os.Args[1] == "zap-kubernetes" {
		c, gate := logsapi.NewLoggingConfiguration(), featuregate.NewFeatureGate()
		c.Format, c.Verbosity = "json", 4
		logsapi.AddFeatureGates(gate)
		if err := logsapi.ValidateAndApply(c, gate); err != nil {
			panic(err)
		}
	}
	for n := range 6 {
		switch os.Args[1] {
		case "slog":
			s.Debug("step", "n", n)
			s.Info("order placed", "order", n, "trace_id", trace, "span_id", span)
			s.Log(nil, slog.LevelInfo+2, "ünïcode <&> \u2028", "group", slog.GroupValue(slog.Bool("ok", true)))
			s.Error("failed", "err", err)
		case "zap":
			z.Debug("step", zap.Int("n", n))
			z.Named("db").Info("order placed", zap.String("trace_id", trace), zap.String("span_id", span))
			z.Warn("slow", zap.Float64("seconds", 0.25))
			z.Error("failed", zap.Error(err))
			z.DPanic("careful")
		case "zerolog":
			zero.Trace().Int("n", n).Msg("step")
			zero.Info().Str("trace_id", trace).Str("span_id", span).Msg("order placed")
			zero.Warn().Dur("took", 1e6).Msg("slow")
			zero.Error().Err(err).Msg("failed")
		case "logrus":
			l.Trace("step ", n)
			l.WithField("trace_id", trace).WithField("span_id", span).Info("order placed")
			l.Warn("slow")
			l.WithError(err).Error("failed")
		case "slog-text":
			st.Debug("step", "n", n)
			st.Info("order placed", "order", n, "trace_id", trace, "span_id", span)
			st.Log(nil, slog.LevelInfo+2, "ünïcode <&> \u2028", "group", slog.GroupValue(slog.Bool("ok", true), slog.String("empty", "")))
			st.Error("failed", "err", err, "took", 1500*time.Millisecond)
		case "logrus-text":
			lt.Trace("step ", n)
			lt.WithField("trace_id", trace).WithField("span_id", span).Info("order placed")
			lt.WithField("empty", "").Warn("slow, a=b")
			lt.WithError(err).Error("failed")
		case "zap-kubernetes":
			klog.V(4).InfoS("step", "n", n)
			klog.InfoS("order placed", "pod", klog.KRef("shop", "cart-1"), "trace_id", trace, "span_id", span)
			klog.ErrorS(err, "failed", "took", 1500*time.Millisecond)
			klog.Warningf("ünïcode %d%%", n)
			klog.ErrorS(nil, "failed without an error")
		}
	}
	klog.Flush()
}
GO
  (
    cd "$tmp/go"
    export GOFLAGS=-mod=mod GOWORK=off
    go mod init corpus 2>/dev/null
    go get "go.uber.org/zap@$zap" "github.com/rs/zerolog@$zerolog" "github.com/sirupsen/logrus@$logrus" "k8s.io/component-base@$kubernetes" k8s.io/klog/v2 2>/dev/null
    go build -trimpath -o loggers .
  )
  "$tmp/go/loggers" slog | keep json slog "$(go env GOVERSION)"
  "$tmp/go/loggers" zap | keep json zap "$zap"
  "$tmp/go/loggers" zerolog | keep json zerolog "$zerolog"
  "$tmp/go/loggers" logrus | keep json logrus "$logrus"
  "$tmp/go/loggers" slog-text | keep logfmt slog "$(go env GOVERSION)"
  "$tmp/go/loggers" logrus-text | keep logfmt logrus "$logrus"
  "$tmp/go/loggers" zap-kubernetes 2>&1 | keep json zap-kubernetes "component-base $kubernetes"
}

node_loggers() {
  local pino=9.7.0 winston=3.17.0 bunyan=1.8.15 ecs_pino=1.5.0 ecs_winston=1.5.3
  mkdir "$tmp/node"
  npm install --silent --no-audit --no-fund --prefix "$tmp/node" "pino@$pino" "winston@$winston" "bunyan@$bunyan" \
    "@elastic/ecs-pino-format@$ecs_pino" "@elastic/ecs-winston-format@$ecs_winston" >/dev/null
  cat >"$tmp/node/main.js" <<'JS'
const ids = { trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', span_id: '00f067aa0ba902b7', trace_flags: '01' };
const make = {
  pino: () => require('pino')({ level: 'trace' }),
  'ecs-pino': () => require('pino')({ level: 'trace', ...require('@elastic/ecs-pino-format').ecsFormat({ serviceName: 'shop' }) }),
  bunyan: () => require('bunyan').createLogger({ name: 'shop', level: 'trace' }),
  winston: (w) => winston(w.format.combine(w.format.timestamp(), w.format.errors({ stack: true }), w.format.json())),
  'ecs-winston': () => winston(require('@elastic/ecs-winston-format').ecsFormat({ serviceName: 'shop' })),
};
function winston(format) {
  const w = require('winston');
  const l = w.createLogger({ level: 'silly', format, transports: [new w.transports.Console()] });
  const swap = (f) => (o, m) => (m ? l[f](m, o) : l[f](o));
  return { trace: swap('silly'), debug: swap('debug'), info: swap('info'), warn: swap('warn'), error: swap('error') };
}
const log = make[process.argv[2]](require('winston'));
for (let n = 0; n < 5; n++) {
  log.trace({ n }, 'step');
  log.debug({ n }, 'a "quoted" message');
  log.info({ ...ids, order: n }, 'order placed');
  log.warn({ took: 0.25 }, 'ünïcode');
  log.error({ err: new Error('failed') }, 'failed');
}
JS
  (cd "$tmp/node" && node main.js pino) | keep json pino "$pino"
  (cd "$tmp/node" && node main.js bunyan) | keep json bunyan "$bunyan"
  (cd "$tmp/node" && node main.js winston) | keep json winston "$winston"
  (cd "$tmp/node" && node main.js ecs-pino) | sed "s,$tmp/node,/srv/shop,g" | keep json ecs-pino "@elastic/ecs-pino-format $ecs_pino, pino $pino"
  (cd "$tmp/node" && node main.js ecs-winston) | sed "s,$tmp/node,/srv/shop,g" | keep json ecs-winston "@elastic/ecs-winston-format $ecs_winston, winston $winston"
}

python_loggers() {
  local structlog=25.4.0 jsonlogger=3.3.0 ecs=2.2.0 gcp=3.17.0
  python3 -m venv "$tmp/venv"
  "$tmp/venv/bin/pip" install --quiet --disable-pip-version-check "structlog==$structlog" "python-json-logger==$jsonlogger" "ecs-logging==$ecs" "google-cloud-logging==$gcp"
  cat >"$tmp/main.py" <<'PY'
import logging, sys
kind = sys.argv[1]
ids = {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7"}
handler = logging.StreamHandler(sys.stdout)
if kind == "structlog":
    import structlog
    structlog.configure(processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso"),
                                    structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()])
    log = structlog.get_logger()
    say = lambda f, m, **extra: getattr(log, f)(m, **extra)
else:
    if kind == "python-json-logger":
        from pythonjsonlogger.json import JsonFormatter
        handler.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    elif kind == "ecs-logging":
        import ecs_logging
        handler.setFormatter(ecs_logging.StdlibFormatter())
    elif kind == "gcp":
        from google.cloud.logging_v2.handlers import StructuredLogHandler
        handler = StructuredLogHandler(project_id="shop-1", stream=sys.stdout, labels={"app": "shop"})
        ids = {"trace": "projects/shop-1/traces/" + ids["trace_id"], "span_id": ids["span_id"], "trace_sampled": True,
               "http_request": {"requestMethod": "GET", "requestUrl": "https://shop.example/a", "status": 503, "latency": "0.25s"}}
    elif kind == "tutorial":
        handler.setFormatter(logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s"))
    else:
        handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
    logging.basicConfig(level=logging.DEBUG, handlers=[handler])
    log = logging.getLogger("shop.cart")
    say = lambda f, m, **extra: getattr(log, f)(m, extra=extra)
for n in range(5):
    say("debug", "step", n=n)
    say("info", 'a "quoted" message', **ids)
    say("warning", "ünïcode: 91%")
    say("error", "failed - twice", order=n)
    say("critical", "gone")
PY
  "$tmp/venv/bin/python" "$tmp/main.py" structlog | keep json structlog "$structlog"
  "$tmp/venv/bin/python" "$tmp/main.py" python-json-logger | keep json python-json-logger "$jsonlogger"
  "$tmp/venv/bin/python" "$tmp/main.py" ecs-logging | keep json ecs-logging "$ecs"
  "$tmp/venv/bin/python" "$tmp/main.py" gcp | sed "s,$tmp,/srv/shop,g" | keep json gcp-structured "google-cloud-logging $gcp"
  local version
  version=$(python3 -c 'import platform; print(platform.python_version())')
  "$tmp/venv/bin/python" "$tmp/main.py" tutorial | keep python tutorial "$version"
  "$tmp/venv/bin/python" "$tmp/main.py" default | keep python default "$version"
}

java_loggers() {
  local logback=1.5.18 logstash=8.1 log4j=2.24.3
  mkdir "$tmp/java"
  cat >"$tmp/java/pom.xml" <<XML
<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version><dependencies>
<dependency><groupId>ch.qos.logback</groupId><artifactId>logback-classic</artifactId><version>$logback</version></dependency>
<dependency><groupId>net.logstash.logback</groupId><artifactId>logstash-logback-encoder</artifactId><version>$logstash</version></dependency>
<dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>$log4j</version></dependency>
<dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-layout-template-json</artifactId><version>$log4j</version></dependency>
<dependency><groupId>com.fasterxml.jackson.core</groupId><artifactId>jackson-databind</artifactId><version>2.18.3</version></dependency>
</dependencies></project>
XML
  (cd "$tmp/java" && mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory="$tmp/java/lib" >/dev/null)
  cat >"$tmp/java/Slf4j.java" <<'JAVA'
import org.slf4j.*;
class Slf4j {
  public static void main(String[] a) {
    Logger log = LoggerFactory.getLogger("com.example.shop.Cart");
    for (int n = 0; n < 5; n++) {
      log.debug("step {}", n);
      MDC.put("traceId", "4bf92f3577b34da6a3ce929d0e0e4736"); MDC.put("spanId", "00f067aa0ba902b7");
      log.info("order placed - \"quoted\"");
      MDC.clear();
      log.warn("ünïcode: 91%");
      log.error("failed");
    }
  }
}
JAVA
  cat >"$tmp/java/Log4j.java" <<'JAVA'
import org.apache.logging.log4j.*;
class Log4j {
  public static void main(String[] a) {
    Logger log = LogManager.getLogger("com.example.shop.Cart");
    for (int n = 0; n < 5; n++) {
      log.debug("step {}", n);
      ThreadContext.put("traceId", "4bf92f3577b34da6a3ce929d0e0e4736"); ThreadContext.put("spanId", "00f067aa0ba902b7");
      log.info("order placed - \"quoted\"");
      ThreadContext.clearAll();
      log.warn("ünïcode: 91%");
      log.error("failed");
      log.fatal("gone", new IllegalStateException("x"));
    }
  }
}
JAVA
  cat >"$tmp/java/logstash.xml" <<'XML'
<configuration><appender name="C" class="ch.qos.logback.core.ConsoleAppender"><encoder class="net.logstash.logback.encoder.LogstashEncoder"/></appender>
<root level="DEBUG"><appender-ref ref="C"/></root></configuration>
XML
  printf 'appender.c.type=Console\nappender.c.name=C\nappender.c.layout.type=JsonTemplateLayout\nappender.c.layout.eventTemplateUri=classpath:EcsLayout.json\nrootLogger.level=debug\nrootLogger.appenderRef.c.ref=C\n' >"$tmp/java/ecs.properties"
  printf 'appender.c.type=Console\nappender.c.name=C\nappender.c.layout.type=PatternLayout\nappender.c.layout.pattern=%%d{HH:mm:ss.SSS} [%%t] %%-5level %%logger{36} - %%msg%%n\nrootLogger.level=debug\nrootLogger.appenderRef.c.ref=C\n' >"$tmp/java/pattern.properties"
  run() { java -Dfile.encoding=UTF-8 -Dstdout.encoding=UTF-8 -cp "$tmp/java/lib/*" "$@"; }
  run "$tmp/java/Slf4j.java" | keep log4j logback "$logback"
  run -Dlogback.configurationFile="$tmp/java/logstash.xml" "$tmp/java/Slf4j.java" | keep json logstash-logback-encoder "$logstash"
  # Stack traces of several lines are for whoever joins them.
  run -Dlog4j2.configurationFile="$tmp/java/pattern.properties" "$tmp/java/Log4j.java" | grep -E '^[0-9]' | keep log4j log4j "$log4j"
  run -Dlog4j2.configurationFile="$tmp/java/ecs.properties" "$tmp/java/Log4j.java" | keep json log4j-ecs "$log4j"
  printf 'appender.c.type=Console\nappender.c.name=C\nappender.c.layout.type=JsonLayout\nappender.c.layout.compact=true\nappender.c.layout.eventEol=true\nappender.c.layout.properties=true\nrootLogger.level=debug\nrootLogger.appenderRef.c.ref=C\n' >"$tmp/java/json.properties"
  run -Dlog4j2.configurationFile="$tmp/java/json.properties" "$tmp/java/Log4j.java" | keep json log4j-json "$log4j"
  local layout
  for layout in Gcp Gelf; do
    sed "s/EcsLayout/${layout}Layout/" "$tmp/java/ecs.properties" >"$tmp/java/$layout.properties"
    run -Dlog4j2.configurationFile="$tmp/java/$layout.properties" "$tmp/java/Log4j.java" | tr '\0' '\n' | sed "s/\"host\":\"[^\"]*\"/\"host\":\"web-1\"/" | keep json "log4j-${layout,,}" "$log4j"
  done
}

# spring writes Spring Boot's own layout: of version 3 with Micrometer's ids as it
# comes and as its documentation lays them out for those who had Sleuth, and of
# version 2 with Sleuth.
spring_loggers() {
  local boot=3.5.0 boot2=2.7.18 cloud=2021.0.9
  spring_app boot "$boot" "" io.micrometer micrometer-tracing-bridge-brave 'io.micrometer.tracing.*'
  spring_app boot2 "$boot2" "<dependency><groupId>org.springframework.cloud</groupId><artifactId>spring-cloud-dependencies</artifactId><version>$cloud</version><type>pom</type><scope>import</scope></dependency>" \
    org.springframework.cloud spring-cloud-starter-sleuth 'org.springframework.cloud.sleuth.*'
  spring_run boot --spring.application.name=shop | keep spring micrometer "spring-boot $boot"
  spring_run boot --spring.application.name=shop --logging.include-application-name=false '--logging.pattern.correlation=[${spring.application.name:},%X{traceId:-},%X{spanId:-}] ' |
    keep spring correlation "spring-boot $boot"
  spring_run boot2 --spring.application.name=shop | keep spring sleuth "spring-boot $boot2, spring-cloud $cloud"
}

# spring_app NAME VERSION BOM GROUP ARTIFACT PACKAGE compiles the application.
spring_app() {
  local d=$tmp/$1
  mkdir -p "$d"
  cat >"$d/pom.xml" <<XML
<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version>
<dependencyManagement><dependencies><dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-dependencies</artifactId><version>$2</version><type>pom</type><scope>import</scope></dependency>$3</dependencies></dependencyManagement>
<dependencies><dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-actuator</artifactId></dependency>
<dependency><groupId>$4</groupId><artifactId>$5</artifactId></dependency></dependencies></project>
XML
  (cd "$d" && mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory="$d/lib" >/dev/null)
  cat >"$d/App.java" <<JAVA
package shop;
import org.slf4j.*;
import org.springframework.boot.*;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import $6;
@SpringBootApplication
public class App {
  static final Logger log = LoggerFactory.getLogger(App.class);
  public static void main(String[] a) { SpringApplication.run(App.class, a).close(); }
  @Bean CommandLineRunner run(Tracer tracer) {
    return a -> {
      for (int n = 0; n < 5; n++) {
        log.trace("step {}", n);
        Span span = tracer.nextSpan().name("order").start();
        try (var in = tracer.withSpan(span)) {
          log.info("order placed - \"quoted\"");
          log.debug("ünïcode: 91%");
          LoggerFactory.getLogger("com.example.shop.of.packages.with.long.names.Cart").warn("slow : very [x]");
        } finally { span.end(); }
        log.error("failed");
      }
    };
  }
}
JAVA
  javac -proc:none -encoding UTF-8 -cp "$d/lib/*" -d "$d/classes" "$d/App.java"
}

# spring_run NAME ARGUMENT… runs it without its banner.
spring_run() {
  local d=$tmp/$1
  shift
  (cd "$d" && java -Dfile.encoding=UTF-8 -Dstdout.encoding=UTF-8 -cp "$d/classes:$d/lib/*" shop.App --spring.main.web-application-type=none --spring.main.banner-mode=off --logging.level.shop=trace "$@") | sed "s,$d,/srv/shop,g"
}

rust_loggers() {
  local tracing=0.1.41 subscriber=0.3.19 d=$tmp/rust kind
  mkdir -p "$d/src"
  printf '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\ntracing = "=%s"\ntracing-subscriber = { version = "=%s", features = ["json"] }\n' $tracing $subscriber >"$d/Cargo.toml"
  cat >"$d/src/main.rs" <<'RUST'
use tracing::{debug, error, info, info_span, trace, warn, Level};

mod cart {
    pub fn place(order: u64) {
        let _request = tracing::info_span!("request", method = "GET", path = "/a \"b\"").entered();
        let _query = tracing::info_span!("query", trace_id = "4bf92f3577b34da6a3ce929d0e0e4736", span_id = "00f067aa0ba902b7").entered();
        tracing::info!(order, took = 0.25, "order placed");
    }
}

fn main() {
    let all = tracing_subscriber::fmt().with_max_level(Level::TRACE);
    match std::env::args().nth(1).unwrap().as_str() {
        "json" => all.json().init(),
        "json-flat" => all.json().flatten_event(true).with_current_span(false).with_thread_ids(true).with_file(true).with_line_number(true).init(),
        "plain" => all.with_ansi(false).init(),
        _ => all.init(),
    }
    for n in 0..4u64 {
        trace!(n, "step");
        debug!(name = "a \"quoted\" name", "ünïcode: 91%");
        cart::place(n);
        warn!(trace_id = "4bf92f3577b34da6a3ce929d0e0e4736", span_id = "00f067aa0ba902b7", "slow");
        error!(error = %std::io::Error::new(std::io::ErrorKind::Other, "a \"quoted\" error"), "failed");
        let _s = info_span!("bare").entered();
        info!(n);
    }
}
RUST
  (cd "$d" && cargo build -q)
  for kind in json json-flat; do "$d/target/debug/shop" $kind | keep json "rust-tracing${kind#json}" "tracing $tracing, tracing-subscriber $subscriber"; done
  for kind in plain colours; do "$d/target/debug/shop" $kind | keep rust-tracing $kind "tracing $tracing, tracing-subscriber $subscriber"; done
}

ruby_loggers() {
  cat >"$tmp/main.rb" <<'RUBY'
require 'logger'
log = Logger.new($stdout, progname: 'shop')
bare = Logger.new($stdout)
5.times do |n|
  log.debug("step #{n}")
  bare.info('order placed trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7')
  log.warn('ünïcode: 91% -- "quoted"')
  bare.error('failed')
  log.fatal('gone')
  log.unknown('of no severity')
end
RUBY
  ruby "$tmp/main.rb" | keep ruby logger "$(ruby -rlogger -e 'print "#{Logger::VERSION} of Ruby #{RUBY_VERSION}"')"
}

# cpp writes glog of C++, which has the year since 0.6.
cpp_loggers() {
  cat >"$tmp/main.cc" <<'CPP'
#include <glog/logging.h>
int main(int, char **argv) {
  FLAGS_logtostderr = true;
  google::InitGoogleLogging(argv[0]);
  for (int n = 0; n < 6; n++) {
    LOG(INFO) << "step " << n;
    LOG(INFO) << "order placed trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7";
    LOG(WARNING) << "ünïcode: 91% \"quoted\"";
    LOG(ERROR) << "failed";
  }
}
CPP
  g++ -o "$tmp/glog" "$tmp/main.cc" -lglog
  "$tmp/glog" 2>&1 | keep klog glog "$(dpkg-query -W -f '${Version}' libgoogle-glog-dev | sed 's/-.*//')"
}

if (($# == 0)); then set -- go node python java spring rust ruby cpp; fi
for p in "$@"; do "${p}_loggers"; done
