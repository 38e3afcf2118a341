package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"github.com/tandem-sync/tandem/internal/store"
)

func BenchmarkExplain(b *testing.B) {
	for range b.N {
	address := newDatabase(b, template)
	c, err := pgx.Connect(context.Background(), address)
	require.NoError(b, err)
	name := address[strings.LastIndex(address, "/")+1:]
	name = strings.Split(name, "?")[0]
	for _, q := range []string{"session_preload_libraries='auto_explain'", "auto_explain.log_min_duration=30", "auto_explain.log_analyze=on","auto_explain.log_timing=off", "log_min_duration_statement=-1"} {
		_, err := c.Exec(context.Background(), "ALTER DATABASE "+name+" SET "+q)
		require.NoError(b, err)
	}
	s, err := store.Open(b.Context(), address)
	require.NoError(b, err)
	addConnection(b, s, acme)
	stageMany(b, s, "bench", *benchLinks, 0.8)
	started := time.Now()
	matchBy(b, s, allTiers...)
	fmt.Println("match", time.Since(started))
	syncAll(b, s, c)
	s.Close()
	c.Close(context.Background())
	}
}
