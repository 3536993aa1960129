package demo

import (
	"context"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"time"
)

// request is one customer's request on its way through the shop.
type request struct {
	kind    kind
	traceID string
	id      string
	method  string
	path    string
	client  string
	agent   string
	order   int
	sku     string
	begin   time.Time
	status  int
	bytes   int
}

// kind says what a customer wants.
type kind int

const (
	showHome kind = iota
	showProduct
	addToCart
	placeOrder
	probe
)

// newRequest makes up a request; every twentieth is a probe of the kubelet's.
func newRequest() request {
	r := request{
		traceID: hexID(16),
		id:      hexID(16),
		client:  fmt.Sprintf("203.0.113.%d", 1+mathrand.IntN(254)),
		agent:   agents[mathrand.IntN(len(agents))],
		order:   100_000 + mathrand.IntN(900_000),
		sku:     skus[mathrand.IntN(len(skus))],
		begin:   time.Now(),
		status:  http.StatusOK,
		bytes:   200 + mathrand.IntN(8000),
		method:  http.MethodGet,
	}
	switch n := mathrand.IntN(20); {
	case n == 0:
		r.kind, r.path, r.agent, r.client = probe, "/healthz", "kube-probe/1.33", "10.0.0.1"
	case n < 5:
		r.kind, r.path = showHome, "/"
	case n < 12:
		r.kind, r.path = showProduct, "/products/"+r.sku+"?ref=home"
	case n < 17:
		r.kind, r.method, r.path = addToCart, http.MethodPost, "/cart/items"
	default:
		r.kind, r.method, r.path = placeOrder, http.MethodPost, "/orders"
	}
	return r
}

var agents = []string{
	"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
	"shop-app/4.2 (android 16)",
	"curl/8.14.1",
}

var skus = []string{"tea-green-100", "tea-black-250", "mug-blue", "kettle-1l", "honey-500"}

// traceparent is the header that the gateway passes on (W3C Trace Context,
// 3.2), sampled.
func (r *request) traceparent(span string) string {
	return "00-" + r.traceID + "-" + span + "-01"
}

// staff are the containers of the shop.
type staff struct {
	nginx, edge                         *containerLog
	cart, checkout, inventory, payments *containerLog
	// fail ends the run: a log could not be written.
	fail func(error)
}

// serve answers one request: first the services write, then the gateway,
// which writes when the answer is on its way.
func (st *staff) serve(ctx context.Context) request {
	r := newRequest()
	switch r.kind {
	case showProduct:
		st.look(ctx, &r)
	case addToCart:
		st.add(ctx, &r)
	case placeOrder:
		st.buy(ctx, &r)
	}
	if mathrand.IntN(2) == 0 {
		st.log(st.nginx, "stdout", combinedLine(&r))
	} else {
		st.log(st.edge, "stdout", edgeLine(&r))
	}
	return r
}

func (st *staff) log(to *containerLog, stream string, line []byte) {
	if err := to.write(stream, line); err != nil {
		st.fail(fmt.Errorf("the demo shop cannot write its logs: %w", err))
	}
}

// oneIn says yes once in n times.
func oneIn(n int) bool { return mathrand.IntN(n) == 0 }

// work takes time, unless the shop is closing.
func work(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func (st *staff) look(ctx context.Context, r *request) {
	work(ctx, between(1, 8))
	st.reserve(r, "stock read", 0)
	if oneIn(40) {
		r.status, r.bytes = http.StatusNotFound, 146
	}
}

func (st *staff) add(ctx context.Context, r *request) {
	span := hexID(8)
	work(ctx, between(2, 15))
	st.reserve(r, "stock reserved", 1)
	if oneIn(20) {
		r.status, r.bytes = http.StatusConflict, 132
		st.log(st.cart, "stdout", cartConflict(r, span))
		return
	}
	st.log(st.cart, "stdout", cartAdded(r, span))
	if oneIn(50) {
		st.log(st.cart, "stdout", cartSnapshot(r, span))
	}
}

// buy is the longest way: checkout, inventory, payments. The payment is
// sometimes slow, declined, or times out.
func (st *staff) buy(ctx context.Context, r *request) {
	span := hexID(8)
	st.log(st.checkout, "stderr", checkoutStarted(r, span))
	work(ctx, between(5, 30))
	st.reserve(r, "stock taken", -1)
	outcome := mathrand.IntN(12)
	if outcome == 0 {
		work(ctx, between(600, 900))
		r.status, r.bytes = http.StatusServiceUnavailable, 190
		st.log(st.payments, "stderr", paymentFailed(r))
		st.log(st.checkout, "stderr", checkoutFailed(r, span))
		return
	}
	if outcome == 1 {
		r.status, r.bytes = http.StatusPaymentRequired, 120
		st.log(st.payments, "stdout", paymentLine(r, "WARN", "card declined"))
		return
	}
	if outcome < 4 {
		work(ctx, between(250, 500))
	}
	st.log(st.payments, "stdout", paymentLine(r, "INFO", "charged"))
	st.log(st.checkout, "stderr", checkoutDone(r, span))
	r.status = http.StatusCreated
}

func (st *staff) reserve(r *request, what string, change int) {
	st.log(st.inventory, "stdout", inventoryLine(r, what, change))
}
