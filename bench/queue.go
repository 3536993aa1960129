package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// viaQueue measures the way of lines through RabbitMQ, in a benchmark of its
// own that starts a broker.
func viaQueue(ctx context.Context, l *lab, _ string) error {
	if l.own {
		return nil
	}
	env := os.Environ()
	if l.short {
		env = append(env, shortRounds+"=1")
	}
	cmd := exec.CommandContext(ctx, "go", "test", "./bench", "-run", "^$", "-bench", "RabbitMQ", "-benchtime", fmt.Sprint(l.rounds, "x"), "-timeout", "30m")
	cmd.Env, cmd.Stdout, cmd.Stderr = env, os.Stdout, os.Stderr
	return cmd.Run()
}

// shortRounds is the variable that says that a first impression is enough.
const shortRounds = "TAILRACE_BENCH_SHORT"
