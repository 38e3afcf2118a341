package rules

// Condition is a compiled boolean expression over a contact.
type Condition struct{}

// Transform is a compiled expression from a field's value to another.
type Transform struct{}
