package spectest

import (
	"bufio"
	"net"
	"net/http"
)

// Flush lets a handler send what it wrote so far.
func (r *recorder) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }

// Hijack lets a handler take the connection over, to cut it; the exchange is then not checked.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	r.hijacked = true
	return http.NewResponseController(r.ResponseWriter).Hijack()
}
