package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// confirm asks a person whether to go on, unless yes was said beforehand. Where nobody can be asked, yes is demanded.
func (a *app) confirm(ctx context.Context, yes bool, question string) error {
	if yes {
		return nil
	}
	if !a.attended() {
		return usageError{errors.New("nobody is there to be asked; say --yes to go on")}
	}
	_, _ = fmt.Fprintf(a.errOut, "%s [y/N] ", question) // the answer tells whether it was read
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(a.in).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case line := <-answer:
		if line == "y" || line == "yes" {
			return nil
		}
		return errors.New("nothing was done")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// terminalAt tells whether somebody types what is read.
func terminalAt(in io.Reader) bool {
	file, ok := in.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
