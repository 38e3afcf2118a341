package salesforcetest

// blobField returns the field of an object whose content is read by an address of its own; nil when it is none.
func (t *table) blobField(name string) *field {
	if f := t.object.visibleField(name); f != nil && f.kind == "base64" {
		return f
	}
	return nil
}

// blob answers GET /sobjects/{Object}/{id}/{field}: the bytes of the field and nothing else. The caller holds a lock.
func (c *call) blob(t *table, id string, fl *field) (*reply, *apiError) {
	_, r, err := c.locate(t, id)
	if err != nil {
		return nil, err
	}
	return &reply{status: 200, kind: "text/html;charset=UTF-8", body: []byte(r.get(fl.index))}, nil
}

// asPart is an answer as a part of another one, which only JSON can be.
func (r *reply) asPart() *reply {
	if len(r.body) > 0 && r.kind != jsonType {
		return fail("INVALID_INPUT", "binary content cannot be part of a composite answer").reply()
	}
	return r
}
