package codec

import (
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
)

// Encrypt lets a client encrypt whatever it hands to Temporal, and decrypt what it gets. A key that cannot be read is an error
// of the call.
func (c *Codec) Encrypt(o *client.Options) { c.convert(o) }

// EncryptWork is Encrypt for the client of a worker, which nothing else may use: a key that cannot be read stops a workflow
// task, which is then tried again, and fails no run.
func (c *Codec) EncryptWork(o *client.Options) {
	working := *c
	working.insists = true
	working.convert(o)
}

func (c *Codec) convert(o *client.Options) {
	// The first use of a key reads it from Postgres, which may take longer than a workflow may take to decide.
	o.DataConverter = workflow.DataConverterWithoutDeadlockDetection(c.Converter())
	o.FailureConverter = failures{data: o.DataConverter}
}

// Converter returns the data converter for what is not converted by a client.
func (c *Codec) Converter() converter.DataConverter {
	return converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), c)
}
