package devstack

// Abandon forgets the server and leaves it running, as the death of its supervisor does where the system does not tell
// children of it.
func (t *Temporal) Abandon() error {
	t.close()
	return nil
}

// BuildEnv and DefaultDirs are tested from outside.
var (
	BuildEnv = buildEnv
	CacheDir = cacheDir
)
