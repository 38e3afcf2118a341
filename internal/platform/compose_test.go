package platform_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"
)

func repositoryRoot(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	return root
}

// loadCompose loads docker-compose.yml as Docker does, with only the given environment.
func loadCompose(t *testing.T, env ...string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions(
		[]string{filepath.Join(repositoryRoot(t), "docker-compose.yml")},
		cli.WithEnv(env),
	)
	require.NoError(t, err)
	return options.LoadProject(t.Context())
}

func compose(t *testing.T) *types.Project {
	t.Helper()
	project, err := loadCompose(t, "TANDEM_DB_PASSWORD=secret", "TANDEM_DB_APP_PASSWORD=secret2", "TANDEM_KEYSET={}")
	require.NoError(t, err)
	return project
}

func TestComposeHoldsThePlatformAndOneWorker(t *testing.T) {
	require.ElementsMatch(t,
		[]string{"postgres", "temporal-schema", "temporal", "temporal-namespace", "temporal-ui", "database-role", "migrate", "worker"},
		compose(t).ServiceNames())
}

func TestComposeRefusesToStartWithoutItsSecrets(t *testing.T) {
	secrets := []string{"TANDEM_DB_PASSWORD=secret", "TANDEM_DB_APP_PASSWORD=secret2", "TANDEM_KEYSET={}"}
	for i, secret := range secrets {
		_, err := loadCompose(t, slices.Delete(slices.Clone(secrets), i, i+1)...)
		name, _, _ := strings.Cut(secret, "=")
		require.ErrorContains(t, err, name)
	}
}

func TestComposeShowsMetricsOnlyToWhoHasAToken(t *testing.T) {
	for token, want := range map[string]string{"": "127.0.0.1:9464", "0123456789abcdef": "0.0.0.0:9464"} {
		project, err := loadCompose(t, "TANDEM_DB_PASSWORD=secret", "TANDEM_DB_APP_PASSWORD=secret2", "TANDEM_KEYSET={}", "TANDEM_LISTEN_TOKEN="+token)
		require.NoError(t, err)
		env := map[string]string{}
		for variable, value := range project.Services["worker"].Environment {
			env[variable] = *value
		}
		s := settings(env)
		require.NoError(t, s.Validate())
		require.Equal(t, want, s.Listen)
	}
}

var pinned = regexp.MustCompile(`^[a-z0-9./-]+:[A-Za-z0-9][A-Za-z0-9._-]*(@sha256:[0-9a-f]{64})?$`)

func TestComposePinsEveryImage(t *testing.T) {
	var images []string
	for _, s := range compose(t).Services {
		images = append(images, s.Image)
		if s.Build == nil {
			continue
		}
		for line := range strings.Lines(s.Build.DockerfileInline) {
			if words := strings.Fields(line); len(words) > 1 && words[0] == "FROM" {
				images = append(images, words[1])
			}
		}
	}
	require.Len(t, images, 8+2*2, "eight services, two of them built from two images each")
	for _, image := range images {
		require.Regexp(t, pinned, image)
		require.NotContains(t, image, ":latest")
	}
}

func TestComposeChecksTheHealthOfEveryServiceThatStays(t *testing.T) {
	for name, s := range compose(t).Services {
		if once := slices.Contains([]string{"temporal-schema", "temporal-namespace", "database-role", "migrate"}, name); once {
			require.NotEqual(t, types.RestartPolicyUnlessStopped, s.Restart, name)
			continue
		}
		require.NotNil(t, s.HealthCheck, name)
		require.False(t, s.HealthCheck.Disable, name)
		require.NotEmpty(t, s.HealthCheck.Test, name)
		require.Equal(t, types.RestartPolicyUnlessStopped, s.Restart, name)
	}
}

func TestComposeStartsEachServiceAfterWhatItNeeds(t *testing.T) {
	project := compose(t)
	const ready, ended = types.ServiceConditionHealthy, types.ServiceConditionCompletedSuccessfully
	want := map[string]map[string]string{
		"postgres":           {},
		"temporal-schema":    {"postgres": ready},
		"temporal":           {"temporal-schema": ended},
		"temporal-namespace": {"temporal": ready},
		"temporal-ui":        {"temporal": ready},
		"database-role":      {"postgres": ready},
		"migrate":            {"database-role": ended},
		"worker":             {"migrate": ended, "temporal-namespace": ended},
	}
	for name, needs := range want {
		got := map[string]string{}
		for other, d := range project.Services[name].DependsOn {
			got[other] = d.Condition
			require.True(t, d.Required, "%s needs %s", name, other)
		}
		require.Equal(t, needs, got, name)
	}
}

func TestComposePublishesPortsOnLoopbackOnly(t *testing.T) {
	for name, s := range compose(t).Services {
		for _, p := range s.Ports {
			require.Equal(t, "127.0.0.1", p.HostIP, "%s:%d", name, p.Target)
		}
	}
}

func TestComposeRunsTandemWithoutRights(t *testing.T) {
	for _, name := range []string{"migrate", "worker"} {
		s := compose(t).Services[name]
		require.True(t, s.ReadOnly, name)
		require.Equal(t, []string{"ALL"}, s.CapDrop, name)
		require.Contains(t, s.SecurityOpt, "no-new-privileges:true", name)
		require.Contains(t, s.Build.DockerfileInline, "USER nonroot:nonroot", name)
		require.False(t, s.Privileged, name)
	}
}

func TestComposeGivesTheWorkerARoleThatOwnsNothing(t *testing.T) {
	services := compose(t).Services
	require.Contains(t, *services["worker"].Environment["TANDEM_DATABASE_URL"], "//tandem_app:secret2@")
	require.Equal(t, []string{"--grant-to", "tandem_app"}, []string(services["migrate"].Entrypoint[2:]))
	for variable, value := range services["worker"].Environment {
		require.NotEqual(t, "TANDEM_DB_PASSWORD", variable)
		require.NotContains(t, *value, ":secret@", "the owner's password has no business in the worker")
	}
	role := services["database-role"]
	require.Equal(t, "postgres", role.User)
	require.True(t, role.ReadOnly)
	require.NotContains(t, strings.Join(append(role.Command, role.Entrypoint...), " "), "secret2", "arguments can be read by anybody")
}

func TestComposeBuildsFromEveryDirectoryWithGoCode(t *testing.T) {
	root := repositoryRoot(t)
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	dockerfile := compose(t).Services["worker"].Build.DockerfileInline
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") || !holdsGo(t, filepath.Join(root, e.Name())) {
			continue
		}
		require.Contains(t, dockerfile, "COPY "+e.Name()+" "+e.Name()+"\n")
	}
}

func holdsGo(t *testing.T, dir string) bool {
	t.Helper()
	found := false
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		found = found || strings.HasSuffix(path, ".go")
		return err
	}))
	return found
}

func TestComposeSetsOnlyVariablesTheProgramsKnow(t *testing.T) {
	known := []string{
		"TANDEM_DATABASE_URL", "TANDEM_KEYSET", "TANDEM_KEYSET_KMS", "TANDEM_LISTEN", "TANDEM_LISTEN_TOKEN", "TANDEM_LOG_LEVEL", "TANDEM_LOG_FORMAT",
		"TANDEM_WEBHOOK_LISTEN", "TANDEM_PUBLIC_URL", "TANDEM_GHL_WEBHOOK_KEYS", "TANDEM_GHL_APP_ID", "TANDEM_SWEEP_EVERY", "TANDEM_SWEEP_SHARDS",
		"TANDEM_CODEC_LISTEN", "TANDEM_CODEC_ORIGIN", "TANDEM_CODEC_TOKEN", "TANDEM_CODEC_OIDC_ISSUER", "TANDEM_CODEC_OIDC_AUDIENCE",
		"TANDEM_CODEC_OIDC_CLAIM",
		"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE",
	}
	for _, name := range []string{"migrate", "worker"} {
		for variable, value := range compose(t).Services[name].Environment {
			require.Contains(t, known, variable, name)
			require.NotNil(t, value, "%s passes %s through from the caller", name, variable)
		}
	}
}
