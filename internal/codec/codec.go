// Package codec encrypts what Temporal keeps: every input, result, heartbeat, memo, summary and failure, each under the key
// of the connection that its run is about, so that a connection's histories become unreadable with its key. Search
// attributes and workflow ids are not encrypted by anybody, and hold no personal data.
package codec

import (
	"errors"
	"fmt"
	"strconv"

	common "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"github.com/tandem-sync/tandem/internal/vault"
)

// What stands in the metadata of an encrypted payload, in clear. It is recorded in histories: never rename any of it.
const (
	// encoding is the value of converter.MetadataEncoding.
	encoding = "binary/encrypted"
	// metaConnection is whose key it is; absent for what is about no connection.
	metaConnection = "tandem-connection"
	// metaKey is the key's id.
	metaKey = "tandem-key"
)

// Codec encrypts and decrypts payloads. It is safe for concurrent use.
type Codec struct {
	keys *Keys
	// about returns the connection of a workflow by its id, "" for none.
	about func(workflowID string) string
	// connection is whose payloads they are, as far as the context tells.
	connection string
	// insists lets a key that cannot be read now stop a workflow task, which Temporal then gives out again. An error would
	// fail the run for good.
	insists bool
}

var (
	_ converter.PayloadCodec                         = (*Codec)(nil)
	_ converter.PayloadCodecWithSerializationContext = (*Codec)(nil)
)

// New returns the codec for clients. about returns the connection of a workflow by its id, "" for none.
func New(keys *Keys, about func(workflowID string) string) *Codec {
	return &Codec{keys: keys, about: about}
}

// WithSerializationContext returns the codec for the payloads of a workflow, or of an activity of it.
func (c *Codec) WithSerializationContext(of converter.SerializationContext) converter.PayloadCodec {
	connection := ""
	switch of := of.(type) {
	case converter.WorkflowSerializationContext:
		connection = c.about(of.WorkflowID)
	case converter.ActivitySerializationContext:
		connection = c.about(of.WorkflowID)
	}
	if connection == c.connection {
		return c
	}
	about := *c
	about.connection = connection
	return &about
}

// Encode encrypts payloads. What is encrypted already is left alone.
func (c *Codec) Encode(payloads []*common.Payload) ([]*common.Payload, error) {
	return c.each(payloads, func(p *common.Payload) (*common.Payload, error) {
		if Encrypted(p) {
			return p, nil
		}
		key, err := c.keys.current(c.connection)
		if err != nil {
			return nil, err
		}
		plain, err := proto.Marshal(p)
		if err != nil {
			return nil, errors.New("a payload could not be encoded")
		}
		sealed, err := key.Seal(plain)
		if err != nil {
			return nil, err
		}
		metadata := map[string][]byte{
			converter.MetadataEncoding: []byte(encoding), metaKey: strconv.AppendInt(nil, key.ID(), 10),
		}
		if c.connection != "" {
			metadata[metaConnection] = []byte(c.connection)
		}
		return &common.Payload{Metadata: metadata, Data: sealed}, nil
	})
}

// Decode decrypts payloads. What is not encrypted, as in the histories of earlier versions, is left alone. What belongs to
// another connection than the run that it is found in is refused.
func (c *Codec) Decode(payloads []*common.Payload) ([]*common.Payload, error) {
	return c.each(payloads, func(p *common.Payload) (*common.Payload, error) {
		if !Encrypted(p) {
			return p, nil
		}
		connection := string(p.GetMetadata()[metaConnection])
		if c.connection != "" && connection != "" && connection != c.connection {
			return nil, fmt.Errorf("%w: it is connection %s's, in a run of connection %s", vault.ErrDoesNotOpen, connection, c.connection)
		}
		id, err := strconv.ParseInt(string(p.GetMetadata()[metaKey]), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: it does not name its key", vault.ErrDoesNotOpen)
		}
		key, err := c.keys.withID(connection, id)
		if err != nil {
			return nil, err
		}
		plain, err := key.Open(p.GetData())
		if err != nil {
			return nil, err
		}
		decoded := &common.Payload{}
		if err := proto.Unmarshal(plain, decoded); err != nil {
			return nil, fmt.Errorf("%w: there is no payload in it", vault.ErrDoesNotOpen)
		}
		return decoded, nil
	})
}

// Encrypted tells whether a payload is encrypted by this codec.
func Encrypted(p *common.Payload) bool {
	return string(p.GetMetadata()[converter.MetadataEncoding]) == encoding
}

func (c *Codec) each(payloads []*common.Payload, do func(*common.Payload) (*common.Payload, error)) ([]*common.Payload, error) {
	out := make([]*common.Payload, len(payloads))
	for i, p := range payloads {
		var err error
		out[i], err = do(p)
		switch {
		case errors.Is(err, vault.ErrErased):
			return nil, erased(err)
		case err != nil && c.insists:
			panic(fmt.Sprintf("a payload: %v", err))
		case err != nil:
			return nil, fmt.Errorf("a payload: %w", err)
		}
	}
	return out, nil
}
