package gohighlevel

import (
	"context"

	"github.com/tandem-sync/tandem/internal/crm"
)

// AddContactTags carries out [add-tags] and returns the tags that the contact now has, which HighLevel folds to lower
// case. Safe to repeat.
//
// [add-tags]: https://marketplace.gohighlevel.com/docs/ghl/contacts/add-tags
func (c *Client) AddContactTags(ctx context.Context, id string, tags []string) ([]string, error) {
	return c.changeTags(ctx, addContactTags, id, tags)
}

// RemoveContactTags carries out [remove-tags], a DELETE with a body, and returns the tags that the contact now has.
// Safe to repeat.
//
// [remove-tags]: https://marketplace.gohighlevel.com/docs/ghl/contacts/remove-tags
func (c *Client) RemoveContactTags(ctx context.Context, id string, tags []string) ([]string, error) {
	return c.changeTags(ctx, removeContactTags, id, tags)
}

func (c *Client) changeTags(ctx context.Context, op *operation, id string, tags []string) ([]string, error) {
	if len(tags) == 0 {
		return nil, refuse(op, "no tags are given")
	}
	result, err := c.do(ctx, call{operation: op, ids: []string{id}, body: crm.Document{"tags": tags}})
	if err != nil {
		return nil, err
	}
	listed, ok := result.body["tags"].([]any)
	if !ok && result.body["tags"] != nil {
		return nil, unreadable(op, result.status, codeUnexpectedShape, "the answer holds no list of tags")
	}
	left := make([]string, 0, len(listed))
	for _, tag := range listed {
		if name := text(tag); name != "" {
			left = append(left, name)
		}
	}
	return left, nil
}
