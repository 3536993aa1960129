package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// combinedLine is nginx's combined format with the traceparent behind it:
// log_format shop '… "$http_user_agent" "$http_traceparent"'.
func combinedLine(r *request) []byte {
	return fmt.Appendf(nil, `%s - - [%s] "%s %s HTTP/1.1" %d %d "-" "%s" "%s"`,
		r.client, time.Now().Format("02/Jan/2006:15:04:05 -0700"), r.method, r.path, r.status, r.bytes, r.agent,
		r.traceparent(hexID(8)))
}

// edgeLine is a JSON access log (log_format shop escape=json), keyed by
// nginx's variables; numbers are bare, times in seconds.
func edgeLine(r *request) []byte {
	line, _ := json.Marshal(struct {
		Time        string          `json:"time_iso8601"`
		Client      string          `json:"remote_addr"`
		Method      string          `json:"request_method"`
		URI         string          `json:"request_uri"`
		Protocol    string          `json:"server_protocol"`
		Status      int             `json:"status"`
		Bytes       int             `json:"body_bytes_sent"`
		Duration    json.RawMessage `json:"request_time"`
		Host        string          `json:"host"`
		Agent       string          `json:"http_user_agent"`
		RequestID   string          `json:"request_id"`
		Traceparent string          `json:"http_traceparent"`
	}{
		time.Now().Format(time.RFC3339), r.client, r.method, r.path, "HTTP/2.0", r.status, r.bytes,
		strconv.AppendFloat(nil, time.Since(r.begin).Seconds(), 'f', 3, 64), "shop.example", r.agent, r.id,
		r.traceparent(hexID(8)),
	})
	return line
}

// slogLine is what log/slog's JSON handler makes of a record; cart is written
// in Go with it.
func slogLine(level slog.Level, message string, attrs ...slog.Attr) []byte {
	var out bytes.Buffer
	r := slog.NewRecord(time.Now(), level, message, 0)
	r.AddAttrs(attrs...)
	_ = slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}).Handle(context.Background(), r)
	return out.Bytes()
}

func cartAdded(r *request, span string) []byte {
	return slogLine(slog.LevelInfo, "item added", slog.String("sku", r.sku), slog.Int("cart.items", 1+mathrand.IntN(9)),
		slog.String("trace_id", r.traceID), slog.String("span_id", span))
}

func cartConflict(r *request, span string) []byte {
	return slogLine(slog.LevelError, "item not added", slog.String("sku", r.sku),
		slog.String("error", "stock: reserve "+r.sku+": version conflict"),
		slog.String("trace_id", r.traceID), slog.String("span_id", span))
}

// cartSnapshot is longer than containerd's chunk, so that it is split.
func cartSnapshot(r *request, span string) []byte {
	items := make([]string, 900+mathrand.IntN(900))
	for i := range items {
		items[i] = skus[i%len(skus)] + "#" + strconv.Itoa(i)
	}
	return slogLine(slog.LevelDebug, "cart snapshot", slog.String("items", strings.Join(items, " ")),
		slog.String("trace_id", r.traceID), slog.String("span_id", span))
}

// zapLine has the form of zap's production configuration: ts in seconds, the
// caller, then fields in the order given.
func zapLine(level, caller, message string, r *request, span, rest string) []byte {
	now := strconv.FormatFloat(float64(time.Now().UnixMicro())/1e6, 'f', 6, 64)
	return fmt.Appendf(nil, `{"level":%q,"ts":%s,"caller":%q,"msg":%q,"order":%d,"trace_id":%q,"span_id":%q%s}`,
		level, now, caller, message, r.order, r.traceID, span, rest)
}

func checkoutStarted(r *request, span string) []byte {
	return zapLine("info", "checkout/order.go:41", "order received", r, span, `,"items":3`)
}

func checkoutDone(r *request, span string) []byte {
	took := strconv.FormatFloat(time.Since(r.begin).Seconds(), 'f', 6, 64)
	return zapLine("info", "checkout/order.go:97", "order placed", r, span, `,"duration":`+took)
}

var errBank = errors.New("payments: POST /charge: context deadline exceeded")

func checkoutFailed(r *request, span string) []byte {
	const stack = `checkout.(*Server).place\n\t/src/checkout/order.go:88\nnet/http.HandlerFunc.ServeHTTP\n\t/usr/local/go/src/net/http/server.go:2322`
	return zapLine("error", "checkout/order.go:88", "order failed", r, span,
		fmt.Sprintf(`,"error":%q,"stacktrace":"%s"`, errBank, stack))
}

// inventoryLine is logfmt.
func inventoryLine(r *request, what string, change int) []byte {
	return fmt.Appendf(nil, `time=%s level=info msg=%q sku=%s change=%d left=%d trace_id=%s span_id=%s`,
		time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"), what, r.sku, change, mathrand.IntN(500), r.traceID, hexID(8))
}

// paymentLine is what Spring Boot's default layout makes of a message, with the
// trace in its brackets: payments is written in Java.
func paymentLine(r *request, level, what string) []byte {
	return fmt.Appendf(nil, `%s %5s 1 --- [payments] [worker-%d] [%s-%s] c.shop.payments.PaymentService          : payment of order %d: %s (%d.%02d EUR)`,
		time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), level, 1+mathrand.IntN(4), r.traceID, hexID(8),
		r.order, what, 3+mathrand.IntN(120), mathrand.IntN(100))
}

// paymentFailed is a line with the stack trace that Java prints behind it.
func paymentFailed(r *request) []byte {
	const stack = `
com.shop.payments.BankTimeoutException: no answer from the bank after 3 attempts
	at com.shop.payments.BankClient.charge(BankClient.java:118)
	at com.shop.payments.PaymentService.pay(PaymentService.java:64)
	at com.shop.payments.PaymentResource.post(PaymentResource.java:41)
	at java.base/java.lang.Thread.run(Thread.java:1583)
Caused by: java.net.SocketTimeoutException: Read timed out
	at java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:278)
	at com.shop.payments.BankClient.charge(BankClient.java:109)
	... 3 more
`
	return append(paymentLine(r, "ERROR", "failed"), stack...)
}
