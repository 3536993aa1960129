package parse

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// contextOf parses a line and writes its trace context as trace-span-flags,
// with what is absent left out.
func contextOf(line string) string {
	b := batchOf(&event.Source{Container: "c"}, []byte(line))
	New(Options{}).Process(b)
	r := &b.Records[0]
	var parts []string
	if r.TraceID != [16]byte{} {
		parts = append(parts, hex.EncodeToString(r.TraceID[:]))
	}
	if r.SpanID != [8]byte{} {
		parts = append(parts, hex.EncodeToString(r.SpanID[:]))
	}
	if r.HasFlags {
		parts = append(parts, hex.EncodeToString([]byte{r.TraceFlags}))
	}
	return strings.Join(parts, "-")
}

const (
	pair     = traceText + "-" + spanText
	sampled  = pair + "-01"
	dropped  = pair + "-00"
	half     = "a3ce929d0e0e4736"
	halfID   = "0000000000000000" + half
	decTrace = "11803532876627986230" // half in decimal
	decSpan  = "67667974448284343"    // spanText in decimal
)

func TestTraceContextByProducer(t *testing.T) {
	sw8 := "1-" + base64.StdEncoding.EncodeToString([]byte("de5980b8fce34a37aab9b4ac3af7eedd.1.16563474296430001")) + "-" +
		base64.StdEncoding.EncodeToString([]byte("4f2f27748b8e44ecaf18fe0347194e86.33.16560607369950066")) + "-123-c2Vydg==-aW5zdA==-L2E=-MTI3LjAuMC4xOjgwODA="
	const skyTrace, skySpan = "de5980b8fde34a371be41bcd5e2fd4dd", "e9c455a82542306a"
	for line, want := range map[string]string{
		// W3C; a bad tracestate does not matter.
		`{"traceparent":"00-` + pair + `-01","tracestate":",,=,"}`:         sampled,
		`{"http_elastic_apm_traceparent":"00-` + pair + `-00"}`:            dropped,
		`GET / traceparent: 00-` + pair + `-01`:                            sampled,
		`a=1 level=info msg=x traceparent=00-` + pair + `-01 tracestate=x`: sampled,
		// B3, single and multi; single wins.
		`{"b3":"` + pair + `-1"}`: sampled,
		`{"b3":"` + pair + `-0","X-B3-TraceId":"1234567812345678","X-B3-SpanId":"1234567812345678"}`: dropped,
		`{"X-B3-TraceId":"` + half + `","X-B3-SpanId":"` + spanText + `","X-B3-Sampled":"true"}`:     halfID + "-" + spanText + "-01",
		`X-B3-TraceId: ` + traceText + `, X-B3-SpanId: ` + spanText + `, X-B3-Sampled: 0`:            dropped,
		// Jaeger: not padded, colons as in a URL.
		`{"uber-trace-id":"` + traceText + `:` + spanText + `:0:1"}`:             sampled,
		`{"uber-trace-id":"1ab:2c:0:0"}`:                                         strings.Repeat("0", 29) + "1ab-000000000000002c-00",
		`{"http_uber_trace_id":"` + half + `%3A` + spanText + `%3a1f%3A3"}`:      halfID + "-" + spanText + "-01",
		`outgoing uber-trace-id: ` + traceText + `:` + spanText + `:0:1 to shop`: sampled,
		// OpenTracing basic.
		`{"ot-tracer-traceid":"` + half + `","ot-tracer-spanid":"f067aa0ba902b7","ot-tracer-sampled":"true"}`: halfID + "-" + spanText + "-01",
		// X-Ray
		`{"x-amzn-trace-id":"Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=` + spanText + `;Sampled=1"}`:               sampled,
		`{"X-Amzn-Trace-Id":"Self=1-00000001-000000000000000000000002;Root=1-4bf92f35-77b34da6a3ce929d0e0e4736"}`:        traceText,
		`{"x-amzn-trace-id":"Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=` + spanText + `;Sampled=?;Lineage=a:1:0"}`: pair,
		`{"xray_trace_id":"1-4bf92f35-77b34da6a3ce929d0e0e4736"}`:                                                        traceText,
		`INFO AWS-XRAY-TRACE-ID: 1-4bf92f35-77b34da6a3ce929d0e0e4736@` + spanText + ` main - m`:                          pair,
		// Datadog: decimal or hexadecimal by length, the upper half apart.
		`{"dd.trace_id":"` + decTrace + `","dd.span_id":"` + decSpan + `"}`:                                                                           halfID + "-" + spanText,
		`{"dd.trace_id":` + decTrace + `,"dd.span_id":` + decSpan + `}`:                                                                               halfID + "-" + spanText,
		`{"dd.trace_id":"` + traceText + `","dd.span_id":"` + decSpan + `"}`:                                                                          pair,
		`{"dd":{"trace_id":"` + decTrace + `","span_id":"` + decSpan + `"}}`:                                                                          halfID + "-" + spanText,
		`{"x-datadog-trace-id":"` + decTrace + `","x-datadog-parent-id":"` + decSpan + `","x-datadog-tags":"_dd.p.dm=-1,_dd.p.tid=4bf92f3577b34da6"}`: pair,
		`{"dd.trace_id":"` + decTrace + `","dd.span_id":"` + decSpan + `","_dd.p.tid":"4bf92f3577b34da6"}`:                                            pair,
		`INFO [dd.service=shop dd.env=prod dd.version=1 dd.trace_id=` + decTrace + ` dd.span_id=` + decSpan + `] - m`:                                 halfID + "-" + spanText,
		// Google
		`{"X-Cloud-Trace-Context":"` + traceText + `/` + decSpan + `;o=1"}`:                                                         sampled,
		`{"x-cloud-trace-context":"` + traceText + `"}`:                                                                             traceText,
		`{"logging.googleapis.com/trace":"projects/p/traces/` + traceText + `","logging.googleapis.com/spanId":"` + spanText + `"}`: pair,
		`{"severity":"INFO","trace":"projects/p/traces/` + traceText + `","spanId":"` + spanText + `","message":"m"}`:               pair,
		`{"logging.googleapis.com/trace":"` + traceText + `","logging.googleapis.com/trace_sampled":false}`:                         traceText + "-00",
		// SkyWalking
		`{"sw8":"` + sw8 + `"}`:                                                                                                             skyTrace + "-" + skySpan + "-01",
		`{"TID":"TID:de5980b8-fce3-4a37-aab9-b4ac3af7eedd"}`:                                                                                "de5980b8fce34a37aab9b4ac3af7eedd",
		`12:00:01 [TID:de5980b8fce34a37aab9b4ac3af7eedd.1.16563474296430001] [main] INFO m`:                                                 skyTrace,
		`12:00:01 [TID: de5980b8fce34a37aab9b4ac3af7eedd.1.16563474296430001] INFO m`:                                                       skyTrace,
		`SW_CTX:[shop,i1,de5980b8fce34a37aab9b4ac3af7eedd.1.16563474296430001,4f2f27748b8e44ecaf18fe0347194e86.33.16560607369950066,123] m`: skyTrace + "-" + skySpan,
		// Linkerd 1: span, parent, trace, flags and the trace's upper half.
		`{"l5d-ctx-trace":"` + finagle(spanText, spanText, half, "0000000000000006", "4bf92f3577b34da6") + `"}`: pair,
		`{"l5d-ctx-trace":"` + finagle(spanText, spanText, half, "0000000000000006") + `"}`:                     halfID + "-" + spanText,
		`{"l5d-ctx-trace":"vYKCjy8tCNLy/XgAXXVrDvL9eABddWsOAAAAAAAAAAA="}`:                                      "0000000000000000f2fd78005d756b0e-bd82828f2f2d08d2",
		// Elastic, Sentry, Azure, New Relic, Dynatrace
		`{"message":"m","trace.id":"` + traceText + `","transaction.id":"` + spanText + `"}`:          pair,
		`{"message":"m","trace":{"id":"` + traceText + `"},"transaction":{"id":"` + spanText + `"}}`:  pair,
		`INFO m | elasticapm transaction.id=` + spanText + ` trace.id=` + traceText + ` span.id=None`: pair,
		`{"elasticapm_trace_id":"` + traceText + `","elasticapm_transaction_id":"` + spanText + `"}`:  pair,
		`{"sentry-trace":"` + pair + `-1"}`: sampled,
		`{"sentry_trace":"` + pair + `"}`:   pair,
		`{"operation_Id":"` + traceText + `","operation_ParentId":"|` + traceText + `.` + spanText + `."}`: pair,
		`done NR-LINKING|MTE2|web-1|` + traceText + `|` + spanText + `|shop|`:                              pair,
		`done NR-LINKING|MTE2|web-1|` + traceText + `||shop|`:                                              traceText,
		`{"dt.trace_id":"` + traceText + `","dt.span_id":"` + spanText + `","dt.trace_sampled":"true"}`:    sampled,
		`INFO [!dt dt.trace_id=` + traceText + `,dt.span_id=` + spanText + `,dt.trace_sampled=true] m`:     sampled,
		// Kong writes one id in the spelling of each header.
		`{"trace_id":{"w3c":"` + traceText + `","datadog":"` + decTrace + `"},"client_ip":"10.0.0.1"}`: traceText,
		`{"trace_id":{"b3":"` + half + `"}}`:                                     halfID,
		`{"trace_id":{"w3c":"N/A","aws":"1-4bf92f35-77b34da6a3ce929d0e0e4736"}}`: traceText,
		`{"trace_id":{"datadog":"` + decTrace + `"}}`:                            halfID,
		// Graylog's own fields begin with an underscore.
		`{"version":"1.1","short_message":"m","_trace_id":"` + traceText + `","_span_id":"` + spanText + `"}`: pair,
		`{"version":"1.1","short_message":"m","_traceId":"` + traceText + `","_spanId":"` + spanText + `"}`:   pair,
		`{"logging.googleapis.com/labels":{"traceId":"` + traceText + `","spanId":"` + spanText + `"}}`:       pair,
		// Loggers of languages and frameworks.
		`{"@t":"2026-03-05T10:11:12Z","@mt":"m","@tr":"` + traceText + `","@sp":"` + spanText + `"}`:                                                             pair,
		`{"traceId":"` + traceText + `","spanId":"` + spanText + `"}`:                                                                                            pair,
		`{"mdc":{"traceId":"` + traceText + `","spanId":"` + spanText + `"}}`:                                                                                    pair,
		`{"contextMap":{"trace_id":"` + traceText + `","span_id":"` + spanText + `","trace_flags":"01"}}`:                                                        sampled,
		`{"Message":"m","Scopes":["x",{"Message":"}]"},{"SpanId":"` + spanText + `","TraceId":"` + traceText + `"}]}`:                                            pair,
		`{"Properties":{"TraceId":"` + traceText + `","SpanId":"` + spanText + `"}}`:                                                                             pair,
		`{"context":{"traceparent":"00-` + pair + `-01"}}`:                                                                                                       sampled,
		`{"fields":{"b3":"` + pair + `-1"}}`:                                                                                                                     sampled,
		`{"extra":{"dd.trace_id":"` + decTrace + `","dd.span_id":"` + decSpan + `"}}`:                                                                            halfID + "-" + spanText,
		`2026-03-05 10:11:12.123  INFO [shop,` + traceText + `,` + spanText + `] 1 --- [main] c.e.App : m`:                                                       pair,
		`2026-03-05 10:11:12.123  INFO [shop,` + half + `,` + spanText + `,true] 1 --- [main] c.e.App : m`:                                                       halfID + "-" + spanText + "-01",
		`2026-03-05T10:11:12.123Z  INFO 1 --- [shop] [nio-8080-exec-1] [` + pair + `] c.e.App : m`:                                                               pair,
		`2026-03-05 10:11:12,123 INFO [root] [app.py:1] [trace_id=` + traceText + ` span_id=` + spanText + ` resource.service.name=shop trace_sampled=True] - m`: sampled,
		`10:11:12 INFO traceId=` + traceText + `, parentId=, spanId=` + spanText + `, sampled=true [c.e.App] m`:                                                  pair,
		`trace_id: "` + traceText + `" span_id: "` + spanText + `"`:                                                                                              pair,
		// Precedence: an explicit pair, then traceparent, then vendors.
		`{"trace_id":"` + traceText + `","traceparent":"00-` + strings.Repeat("1", 32) + `-2222222222222222-01"}`:        traceText,
		`{"dd.trace_id":"7","traceparent":"00-` + pair + `-01","b3":"` + strings.Repeat("3", 32) + `-4444444444444444"}`: sampled,
		`{"trace_id":"N/A","uber-trace-id":"` + traceText + `:` + spanText + `:0:1"}`:                                    sampled,
		`{"mdc":{"trace_id":"` + strings.Repeat("1", 32) + `"},"b3":"` + pair + `-1"}`:                                   sampled,
	} {
		if got := contextOf(line); got != want {
			t.Errorf("%s:\n\t%q, want\n\t%q", line, got, want)
		}
	}
}

func finagle(words ...string) string {
	var all []byte
	for _, w := range words {
		b, _ := hex.DecodeString(w)
		all = append(all, b...)
	}
	return base64.StdEncoding.EncodeToString(all)
}

// TestWhatIsNoTraceContext are lines from which no id may be taken: a wrong
// one sends a reader to somebody else's trace.
func TestWhatIsNoTraceContext(t *testing.T) {
	zeros := strings.Repeat("0", 32)
	for _, line := range []string{
		// 32 digits under a key that does not say so, or under none.
		`{"request_id":"` + traceText + `"}`, `{"md5":"` + traceText + `"}`, `{"id":"` + traceText + `"}`,
		`{"trace":"` + traceText + `"}`, `{"tracer_id":"` + traceText + `"}`, `{"session":"` + traceText + `"}`,
		`{"parent_trace_id":"` + traceText + `"}`, `{"trace_ids":["` + traceText + `"]}`,
		traceText, `md5 ` + traceText + ` ok`, `request_id=` + traceText, `etag: "` + traceText + `"`,
		`parent_trace_id=` + traceText, `last.trace_id=` + traceText, `x-trace_id: ` + traceText, `sha=` + traceText,
		`[` + traceText + `]`, `[` + pair + `]`, `level=info ts=1772705472 commit=` + traceText,
		`2026-03-05T10:11:12Z INFO [shop] [` + traceText + `] m`, `2026-03-05T10:11:12Z INFO [a,` + traceText + `,x] m`,
		`2026-03-05T10:11:12Z INFO m [` + pair + `x]`,
		// Placeholders.
		`{"trace_id":""}`, `{"trace_id":"0"}`, `{"trace_id":"-"}`, `{"trace_id":"N/A"}`, `{"trace_id":"null"}`, `{"trace_id":null}`,
		`{"trace_id":"` + zeros + `","span_id":"` + spanText + `"}`, `{"trace_id":"00000000-0000-0000-0000-000000000000"}`,
		`{"otelTraceID":"0","otelSpanID":"0"}`, `{"contextMap":{}}`, `{"contextMap":{"traceId":""}}`, `{"span_id":"` + spanText + `"}`,
		`[TID:N/A] m`, `[TID: N/A] m`, `TID: 4711`, `TID=` + spanText, `[trace_id=0 span_id=0 resource.service.name= trace_sampled=False]`,
		`SW_CTX:[shop,i1,N/A,N/A,-1]`, `2026-03-05T10:11:12Z INFO [shop,,] 1 --- [main] c.e.App : m`,
		`NR-LINKING|MTE2|web-1|||shop|`, `NR-LINKING|` + traceText, `[!dt dt.trace_id=,dt.span_id=]`, `{"dd.trace_id":"0","dd.span_id":"0"}`,
		// Spelled wrongly.
		`{"trace_id":"` + traceText + `0"}`, `{"trace_id":"` + traceText[:31] + `g"}`, `{"trace_id":"abc"}`, `{"trace_id":17}`, `{"trace_id":{"a":1}}`,
		`{"trace_id":{"w3c":"` + traceText + `0"}}`, `{"trace_id":{"w3c":"` + zeros + `"}}`, `{"trace_id":{"id":"` + traceText + `"}}`, `{"trace_id":{"datadog":"x"}}`,
		`{"_trace_id":"` + traceText[:31] + `x"}`, `{"_trace_id":"-"}`, `{"__trace_id":"` + traceText + `"}`,
		`{"traceparent":"00-` + strings.ToUpper(pair) + `-01"}`, `{"traceparent":"ff-` + pair + `-01"}`, `{"traceparent":"00-` + pair + `"}`,
		`{"b3":"0"}`, `{"b3":"` + traceText + `"}`, `{"b3":"` + pair + `-2"}`,
		`{"uber-trace-id":"` + traceText + `:` + spanText + `:0"}`, `{"uber-trace-id":"` + traceText + `:` + spanText + `:0:1:1"}`,
		`{"uber-trace-id":"0:` + spanText + `:0:1"}`, `{"uber-trace-id":"` + traceText + `:0:0:1"}`, `{"uber-trace-id":"` + traceText + `:` + spanText + `:x:1"}`,
		`{"uber-trace-id":"` + traceText + `:` + spanText + `:0:g"}`, `{"uber-trace-id":"` + traceText + `:` + spanText + `:0:"}`,
		`{"x-amzn-trace-id":"Self=1-4bf92f35-77b34da6a3ce929d0e0e4736"}`, `{"x-amzn-trace-id":"Root=` + traceText + `"}`, `{"x-amzn-trace-id":"Root=1-0-0"}`,
		`{"x-cloud-trace-context":"` + traceText + `/x;o=1"}`, `{"x-cloud-trace-context":"` + traceText + `/1;p=1"}`, `{"x-cloud-trace-context":"` + half + `/1"}`,
		`{"sw8":"1-YQ==-YQ==-1-a-b-c-d"}`, `{"sw8":"1-2-3"}`, `{"TID":"4711"}`, `{"TID":"` + traceText + `.1"}`, `{"TID":"` + traceText + `x1.2"}`,
		`{"sentry-trace":"` + half + `-` + spanText + `-1"}`, `{"l5d-ctx-trace":"AAAA"}`, `{"l5d-ctx-trace":"` + finagle(zeros, zeros) + `"}`,
		`{"dd.trace_id":"99999999999999999999"}`, `{"dd.trace_id":"-1"}`, `{"dd.trace_id":"1.5"}`, `{"ot-tracer-traceid":"` + traceText[:20] + `"}`,
		// Free text wants full length.
		`trace_id=4bf92f35 m`, `trace_id=` + traceText + `00 m`, `traceId: 42`, `spanId=` + spanText,
	} {
		if got := contextOf(line); got != "" {
			t.Errorf("%s: taken for %s", line, got)
		}
	}
}

// FuzzHeaders holds every kind of header to what a context must be, and to
// being found again in free text only as itself.
func FuzzHeaders(f *testing.F) {
	for _, s := range []string{
		pair + "-1", traceText + ":" + spanText + ":0:1", "1ab%3A2c%3A0%3A0", "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=" + spanText + ";Sampled=1",
		"1-4bf92f35-77b34da6a3ce929d0e0e4736@" + spanText, traceText + "/" + decSpan + ";o=1", "[a,b," + traceText + ".1.2," + traceText + ",1]",
		finagle(spanText, spanText, half, spanText), "1-YQ==-YQ==-1-a-b-c-d",
	} {
		for h := headerB3; h <= headerFinagle; h++ {
			f.Add(byte(h), s)
		}
	}
	f.Fuzz(func(t *testing.T, h byte, s string) {
		var c, again context
		if !parseHeader(contextHeader(h), []byte(s), &c) {
			return
		}
		if c.trace == [16]byte{} || c.flags > 1 || c.flags != 0 && !c.hasFlags {
			t.Errorf("%q: %+v", s, c)
		}
		if !parseHeader(contextHeader(h), []byte(s), &again) || again != c {
			t.Errorf("%q: %+v, then %+v", s, c, again)
		}
	})
}
