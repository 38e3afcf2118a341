// Package devstack starts what Tandem needs on one machine, without containers: a Temporal server with its Web UI, a
// private Postgres, HTTP fakes and supervised child processes. It is for development, demonstrations and tests; every
// server listens on the loopback interface, and no child outlives the process that started it (on Linux even when that
// one is killed).
package devstack

import (
	"fmt"
	"net"
	"time"

	"github.com/tandem-sync/tandem/internal/outbound"
)

const (
	loopback = "127.0.0.1"
	// startTimeout bounds how long a server may take to answer for the first time.
	startTimeout = 90 * time.Second
	// pollEvery is how often a starting server is asked whether it is ready.
	pollEvery = 25 * time.Millisecond
)

// FakeHosts are the hosts of the fakes, as programs take them that may reach hosts besides the vendors' own.
const FakeHosts = loopback

// Fakes are the hosts of the fakes.
func Fakes() outbound.Hosts {
	hosts, err := outbound.ParseHosts(FakeHosts)
	if err != nil {
		panic(err) // the constant above is at fault
	}
	return hosts
}

// freePort returns a TCP port of ip that nobody listens on at the moment.
func freePort(ip string) (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		return 0, fmt.Errorf("find a free port on %s: %w", ip, err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
