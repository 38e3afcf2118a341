//go:build !unix

package devstack

import (
	"errors"
	"os"
	"syscall"
)

func ownGroup(*syscall.SysProcAttr) {}

func runAs(*syscall.SysProcAttr, account) {}

func killGroup(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return nil
	}
	if err := p.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	_ = p.Release()
	return true
}

func tryLock(*os.File) (bool, error) { return true, nil }

func chown(string, account) error { return nil }

func ownerOf(os.FileInfo) *account { return nil }

func mayPass(os.FileInfo, account) bool { return true }

func checkPrivate(string) error { return nil }

func childrenOf(int) []int { return nil }

func commandLine(int) string { return "" }
