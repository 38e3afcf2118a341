package devstack

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// cluster is a Postgres data directory with the password of its only role, both under one directory that belongs to
// whom Postgres runs as.
type cluster struct {
	dir      string
	password string
	runAs    *account // nil means the caller
	bin      postgresBinaries
}

func (c *cluster) data() string    { return filepath.Join(c.dir, "data") }
func (c *cluster) pidFile() string { return filepath.Join(c.data(), "postmaster.pid") }

// openCluster returns the cluster in a data directory; it makes one where there is none.
func openCluster(ctx context.Context, dataDir string) (*cluster, error) {
	c := &cluster{dir: filepath.Join(dataDir, "postgres")}
	info, err := os.Stat(c.dir)
	if errors.Is(err, os.ErrNotExist) {
		return c, c.create(ctx, dataDir)
	}
	if err != nil {
		return nil, err
	}
	major, err := clusterMajor(c.data())
	if err != nil {
		return nil, fmt.Errorf("%s is not a cluster of ours: %w", c.dir, err)
	}
	if c.bin, err = findPostgres(ctx, major); err != nil {
		return nil, err
	}
	password, err := os.ReadFile(c.passwordFile())
	if err != nil {
		return nil, err
	}
	c.password = strings.TrimSpace(string(password))
	if os.Geteuid() == 0 {
		if c.runAs = ownerOf(info); c.runAs == nil || c.runAs.uid == 0 {
			return nil, fmt.Errorf("%s belongs to root, as whom Postgres refuses to run", c.dir)
		}
		return c, checkPassable(dataDir, *c.runAs)
	}
	return c, nil
}

func (c *cluster) passwordFile() string { return filepath.Join(c.dir, "password") }

// create makes the cluster under a temporary name and renames it, so that a half-made one never looks finished.
func (c *cluster) create(ctx context.Context, dataDir string) (err error) {
	if c.bin, err = findPostgres(ctx, 0); err != nil {
		return err
	}
	if c.runAs, err = postgresAccount(); err != nil {
		return err
	}
	if c.runAs != nil {
		if err := checkPassable(dataDir, *c.runAs); err != nil {
			return err
		}
	}
	abandoned, _ := filepath.Glob(filepath.Join(dataDir, "postgres.new-*"))
	for _, dir := range abandoned {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	made := &cluster{password: rand.Text(), runAs: c.runAs, bin: c.bin}
	if made.dir, err = os.MkdirTemp(dataDir, "postgres.new-"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(made.dir))
		}
	}()
	if err := os.WriteFile(made.passwordFile(), []byte(made.password+"\n"), 0o600); err != nil {
		return err
	}
	if c.runAs != nil {
		for _, path := range []string{made.dir, made.passwordFile()} {
			if err := chown(path, *c.runAs); err != nil {
				return fmt.Errorf("give the database's directory to user %s: %w", c.runAs.name, err)
			}
		}
	}
	if err := made.initdb(ctx); err != nil {
		return err
	}
	if err := os.Rename(made.dir, c.dir); err != nil {
		return fmt.Errorf("keep the new cluster: %w", err)
	}
	c.password = made.password
	return nil
}

// initdb prefers C.UTF-8, the same on every machine that has it; where it is missing, C sorts alike.
func (c *cluster) initdb(ctx context.Context) error {
	for _, locale := range []string{"C.UTF-8", "C"} {
		p, err := StartProcess(ctx, ProcessOptions{
			Name: "initdb",
			Path: filepath.Join(c.bin.dir, "initdb"),
			Args: []string{"-D", c.data(), "-U", databaseUser, "-A", "scram-sha-256", "--pwfile", c.passwordFile(),
				"-E", "UTF8", "--locale=" + locale, "--no-sync", "--no-instructions"},
			Env:  postgresEnv(),
			Dir:  "/",
			user: c.runAs,
		})
		if err != nil {
			return err
		}
		select {
		case <-p.Done():
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("make the cluster: %w", ctx.Err()), p.Kill())
		}
		if err = p.Err(); err == nil || !p.out.contains("invalid locale name") {
			return err
		}
		if err := os.RemoveAll(c.data()); err != nil {
			return err
		}
	}
	return errors.New("initdb knows neither the locale C.UTF-8 nor C")
}

// postgresEnv keeps the caller's settings out, except what the system may need to load the programs.
func postgresEnv() []string {
	env := []string{"LC_ALL=C", "TZ=UTC"}
	for _, k := range []string{"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		if v, ok := os.LookupEnv(k); ok {
			env = append(env, k+"="+v)
		}
	}
	return env
}
