package own

import (
	"log"
	telemetry "log/slog"

	"github.com/prometheus/client_golang/prometheus"
)

func a(l *telemetry.Logger, r *prometheus.Registry) {
	l.Info("fine")
	telemetry.Info("default")
	r.MustRegister()
	prometheus.MustRegister()
	log.Print()
}
