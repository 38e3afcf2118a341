package salesforcetest

// apiError is one error of a reply or of an item.
type apiError struct {
	status  int // HTTP status where the error is the whole reply; 400 when 0
	code    string
	message string
	fields  []string
	// duplicates is a duplicateResult, as JSON.
	duplicates []byte
}

func (e *apiError) Error() string { return "salesforcetest: " + e.code + ": " + e.message }

func fail(code, message string, fields ...string) *apiError {
	return &apiError{code: code, message: message, fields: fields}
}

func failWith(status int, code, message string) *apiError {
	return &apiError{status: status, code: code, message: message}
}

func notFound() *apiError { return failWith(404, "NOT_FOUND", "The requested resource does not exist") }

func sessionExpired() *apiError {
	return failWith(401, "INVALID_SESSION_ID", "Session expired or invalid")
}

// appendError writes the error with its code under the given key: errorCode in replies, statusCode in items.
func (e *apiError) appendJSON(b []byte, codeKey string) []byte {
	b = append(b, '{')
	if e.duplicates != nil {
		b = append(b, `"duplicateResult":`...)
		b = append(b, e.duplicates...)
		b = append(b, ',')
	}
	b = append(b, `"message":`...)
	b = appendString(b, e.message)
	b = append(b, `,"`...)
	b = append(b, codeKey...)
	b = append(b, `":`...)
	b = appendString(b, e.code)
	if e.fields != nil || codeKey == "statusCode" {
		b = append(b, `,"fields":[`...)
		for i, f := range e.fields {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, f)
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

func appendErrors(b []byte, codeKey string, errs []*apiError) []byte {
	b = append(b, '[')
	for i, e := range errs {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.appendJSON(b, codeKey)
	}
	return append(b, ']')
}
