package salesforcetest

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
)

func TestZZ(t *testing.T) {
	f := New(Options{ClientCredentialsUser: DefaultUser, DuplicateRule: "alert"})
	s := httptest.NewServer(f.Handler())
	a, r := f.GrantToken()
	c := exec.Command("node", "/tmp/sfclients/js/t.js", s.URL, a, r, DefaultClientID, DefaultClientSecret)
	c.Dir = "/tmp/sfclients/js"
	c.Env = os.Environ()
	out, err := c.CombinedOutput()
	fmt.Println(string(out), err)
	fmt.Printf("%+v\n", f.Stats())
}
