// Package servicemanager tells systemd how a service gets on, by the protocol
// of sd_notify(3): a datagram of VARIABLE=value lines to the socket that
// NOTIFY_SOCKET names. A service that systemd does not manage tells nobody.
package servicemanager

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// The environment's variables (sd_notify(3), sd_watchdog_enabled(3)).
const (
	envSocket      = "NOTIFY_SOCKET"
	envWatchdog    = "WATCHDOG_USEC"
	envWatchdogPID = "WATCHDOG_PID"
)

// patience is how long systemd may take to read: it must not hold the agent up.
const patience = time.Second

// Manager is the service manager of this process. The zero Manager is none.
type Manager struct {
	socket string
	// watchdog is after how long without a sign of life the service is
	// restarted; 0 is never.
	watchdog time.Duration
}

// FromEnvironment is what the environment says of process pid's manager.
func FromEnvironment(getenv func(string) string, pid int) (Manager, error) {
	m := Manager{socket: getenv(envSocket)}
	limit := getenv(envWatchdog)
	if whose := getenv(envWatchdogPID); m.socket == "" || limit == "" || whose != "" && whose != strconv.Itoa(pid) {
		return m, nil
	}
	microseconds, err := strconv.ParseInt(limit, 10, 64)
	if err != nil || microseconds <= 0 {
		return m, fmt.Errorf("%s is %q, not a number of microseconds: systemd gets no signs of life", envWatchdog, limit)
	}
	m.watchdog = time.Duration(microseconds) * time.Microsecond
	return m, nil
}

// Ready says that the service works.
func (m Manager) Ready() error { return m.send("READY=1\nSTATUS=running") }

// Reloading says that the service looks at its configuration; Ready ends that.
// The time is what systemd tells it from an earlier one by
// (systemd.service(5), Type=notify-reload).
func (m Manager) Reloading() error {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return err
	}
	return m.send(fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d\nSTATUS=looking at the configuration", now.Nano()/int64(time.Microsecond)))
}

// Stopping says that the service was asked to end and is about it.
func (m Manager) Stopping() error { return m.send("STOPPING=1\nSTATUS=making durable what was read") }

// send delivers a message. An address that begins with @ is in the abstract
// namespace, which the net package knows by the same sign.
func (m Manager) send(message string) error {
	if m.socket == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: m.socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("systemd was not told %q: %w", message, err)
	}
	defer conn.Close()
	if err := conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte(message)); err != nil {
		return fmt.Errorf("systemd was not told %q: %w", message, err)
	}
	return nil
}

// KeepAlive gives signs of life until ctx ends, but only while alive has no
// error: systemd ends the service when they fail to come and starts it anew.
func (m Manager) KeepAlive(ctx context.Context, log *slog.Logger, alive func() error) {
	if m.watchdog == 0 {
		return
	}
	// sd_watchdog_enabled(3) advises half of the limit.
	tick := time.NewTicker(m.watchdog / 2)
	defer tick.Stop()
	for {
		m.beat(log, alive)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// beat gives one sign of life, or says why not.
func (m Manager) beat(log *slog.Logger, alive func() error) {
	if err := alive(); err != nil {
		log.Error("the agent is stuck and asks systemd for a restart by giving no sign of life; nothing that was acknowledged is lost",
			"error", err, "watchdog", m.watchdog, "cure", "none if the next start works; else report this with the goroutines that are printed at the end")
		return
	}
	if err := m.send("WATCHDOG=1"); err != nil {
		log.Warn("no sign of life was given to systemd, which restarts the agent if that lasts", "error", err)
	}
}
