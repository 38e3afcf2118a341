// The starter is how people run Tandem: it starts workflows, watches them, and replays the ones that failed.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// version is set when the starter is built.
var version = "development"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, newApp(os.Stdin, os.Stdout, os.Stderr, os.LookupEnv), os.Args[1:])
	stop()
	os.Exit(code)
}
