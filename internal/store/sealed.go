package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/vault"
)

// sealedColumn is a column whose values are sealed under the keyset.
type sealedColumn struct {
	table, column string
	keys          []keyColumn // the primary key
	connection    string      // holds the connection's number; null where a value belongs to none
	side          string      // an expression for the side's code; "0" where a value belongs to no side
	purpose       string      // what the values were sealed for
}

type keyColumn struct{ name, kind string }

// sealedColumns are all of them. A column that is missing here would lose its values with the next key that is retired.
var sealedColumns = []sealedColumn{
	{
		table: "connections", column: "fingerprint_key", purpose: "fingerprint-key", connection: "number", side: "0",
		keys: []keyColumn{{"number", "integer"}},
	},
	{
		table: "credentials", column: "sealed", purpose: "credential", connection: "connection", side: "t.side",
		keys: []keyColumn{{"connection", "integer"}, {"side", "smallint"}},
	},
	{
		table: "authorisations", column: "answer", purpose: authorisationPurpose, connection: "connection", side: "t.side",
		keys: []keyColumn{{"state", "bytea"}},
	},
	{
		table: "payload_keys", column: "sealed", purpose: "payload-key", connection: "connection", side: "0",
		keys: []keyColumn{{"id", "bigint"}},
	},
	{
		table: "note_tasks", column: "sealed", purpose: "note-tasks", connection: "connection", side: "2",
		keys: []keyColumn{{"connection", "integer"}, {"note_id", "text"}},
	},
	{
		table: "journal", column: "sealed", purpose: "journal", connection: "connection", side: "t.side",
		keys: []keyColumn{{"id", "bigint"}},
	},
	{
		table: "staged", column: "body", purpose: "staged", connection: "connection", side: "t.side",
		keys: []keyColumn{{"connection", "integer"}, {"kind", "smallint"}, {"side", "smallint"}, {"record_id", "text"}},
	},
}

// SealedColumns names all columns whose values are sealed under the keyset, as table.column.
func SealedColumns() []string {
	out := make([]string, len(sealedColumns))
	for i, c := range sealedColumns {
		out[i] = c.table + "." + c.column
	}
	return out
}

// SealedCount is how many values of a table are sealed under a key.
type SealedCount struct {
	Table string
	Key   uint32 // 0 where a value names none, as one that is damaged
	Rows  int64
}

// CountSealed counts what is sealed, by table and key. It reads every row once.
func (s *Store) CountSealed(ctx context.Context) ([]SealedCount, error) {
	var out []SealedCount
	for _, c := range sealedColumns {
		rows, err := s.pool.Query(ctx, fmt.Sprintf(`SELECT substring(%[1]s FOR %[3]d) AS prefix, count(*) FROM %[2]s WHERE %[1]s IS NOT NULL GROUP BY 1 ORDER BY 1`,
			c.column, c.table, vault.PrefixSize))
		if err == nil {
			var prefix []byte
			var n int64
			_, err = pgx.ForEachRow(rows, []any{&prefix, &n}, func() error {
				key, _ := vault.KeyOf(prefix)
				out = append(out, SealedCount{Table: c.table, Key: key, Rows: n})
				return nil
			})
		}
		if err != nil {
			return nil, fmt.Errorf("store: count what is sealed in %s: %w", c.table, err)
		}
	}
	return out, nil
}

// resealedAtOnce is how many values one transaction seals anew.
const resealedAtOnce = 500

// Resealed is what Reseal came to.
type Resealed struct {
	Table  string
	Sealed int64 // sealed anew
	// Stuck values do not open, and stay as they are.
	Stuck int64
}

// Reseal seals under the vault's primary key what is sealed under others, in small transactions beside whoever reads and
// writes: a value that somebody else changes meanwhile is left to them. Told is called after each. Where it is interrupted,
// the next one goes on. Values that do not open are counted, not touched.
func (s *Store) Reseal(ctx context.Context, v *vault.Vault, told func(Resealed)) ([]Resealed, error) {
	out := make([]Resealed, 0, len(sealedColumns))
	for _, c := range sealedColumns {
		done := Resealed{Table: c.table}
		for after := []string(nil); ; {
			batch, err := s.foreign(ctx, c, v.Primary(), after)
			if err == nil && len(batch) > 0 {
				err = s.resealBatch(ctx, c, v, batch, &done)
			}
			if err != nil {
				return append(out, done), fmt.Errorf("store: seal %s anew: %w", c.table, err)
			}
			if len(batch) == 0 {
				break
			}
			after = batch[len(batch)-1].keys
			told(done)
		}
		out = append(out, done)
	}
	return out, nil
}

// sealedValue is a value with its row's primary key, as text.
type sealedValue struct {
	keys       []string
	connection string
	side       int16
	sealed     []byte
}

func (v sealedValue) scope(purpose string) vault.Scope {
	scope := vault.Scope{Connection: v.connection, Purpose: purpose}
	if v.side != 0 {
		scope.Side = sideOf(v.side)
	}
	return scope
}

// foreign returns the next values that are not sealed under a key, in the order of the primary key.
func (s *Store) foreign(ctx context.Context, c sealedColumn, key uint32, after []string) ([]sealedValue, error) {
	var names, texts, bounds []string
	args := []any{vault.Prefix(key)}
	for i, k := range c.keys {
		names, texts = append(names, "t."+k.name), append(texts, "t."+k.name+"::text")
		bounds = append(bounds, fmt.Sprintf("$%d::text::%s", i+2, k.kind))
	}
	where := ""
	if after != nil {
		where = fmt.Sprintf("AND (%s) > (%s)", strings.Join(names, ", "), strings.Join(bounds, ", "))
		for _, a := range after {
			args = append(args, a)
		}
	}
	rows, err := s.pool.Query(ctx, fmt.Sprintf(`
		SELECT ARRAY[%[1]s], coalesce(c.id, ''), (%[2]s)::smallint, t.%[3]s FROM %[4]s t LEFT JOIN connections c ON c.number = t.%[5]s
		WHERE t.%[3]s IS NOT NULL AND substring(t.%[3]s FOR %[6]d) <> $1 %[7]s ORDER BY %[8]s LIMIT %[9]d`,
		strings.Join(texts, ", "), c.side, c.column, c.table, c.connection, vault.PrefixSize, where, strings.Join(names, ", "), resealedAtOnce), args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (sealedValue, error) {
		var v sealedValue
		err := row.Scan(&v.keys, &v.connection, &v.side, &v.sealed)
		return v, err
	})
}

func (s *Store) resealBatch(ctx context.Context, c sealedColumn, v *vault.Vault, batch []sealedValue, done *Resealed) error {
	keys := make([][]string, len(c.keys))
	var was, is [][]byte
	for _, value := range batch {
		scope := value.scope(c.purpose)
		plain, err := v.Open(scope, value.sealed)
		if err != nil {
			done.Stuck++
			continue
		}
		fresh, err := v.Seal(scope, plain)
		clear(plain)
		if err != nil {
			return err
		}
		for i, k := range value.keys {
			keys[i] = append(keys[i], k)
		}
		was, is = append(was, value.sealed), append(is, fresh)
	}
	if len(was) == 0 {
		return nil
	}
	var sources, names, joins []string
	args := []any{was, is}
	for i, k := range c.keys {
		args = append(args, keys[i])
		sources, names = append(sources, fmt.Sprintf("$%d::text[]", i+3)), append(names, fmt.Sprintf("k%d", i))
		joins = append(joins, fmt.Sprintf("t.%s = n.k%d::%s", k.name, i, k.kind))
	}
	update := fmt.Sprintf(`
		UPDATE %[1]s t SET %[2]s = n.fresh FROM unnest($1::bytea[], $2::bytea[], %[3]s) AS n (was, fresh, %[4]s)
		WHERE %[5]s AND t.%[2]s = n.was`,
		c.table, c.column, strings.Join(sources, ", "), strings.Join(names, ", "), strings.Join(joins, " AND "))
	var sealed int64
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, update, args...)
		sealed = tag.RowsAffected()
		return err
	})
	done.Sealed += sealed
	return err
}
