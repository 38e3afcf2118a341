package activities

import (
	"context"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/rules"
)

// sendGoHighLevel updates one contact and returns its fields as GoHighLevel then holds them, as far as it says. Tags
// are added and removed one set at a time: an update would replace them all.
func (c *Connection) sendGoHighLevel(ctx context.Context, id string, write rules.GoHighLevelWrite) (record.Fields, error) {
	stored := record.Fields{}
	if len(write.Contact) > 0 {
		doc, err := c.GoHighLevel.UpdateContact(ctx, id, write.Contact)
		if err != nil {
			return nil, err
		}
		r, err := c.read(record.GoHighLevel, doc, true)
		if err != nil {
			return nil, err
		}
		stored = r.Fields
		delete(stored, record.Tags)
	}
	for _, change := range []struct {
		tags []string
		call func(context.Context, string, []string) ([]string, error)
	}{
		{write.AddTags, c.GoHighLevel.AddContactTags}, {write.RemoveTags, c.GoHighLevel.RemoveContactTags},
	} {
		if len(change.tags) == 0 {
			continue
		}
		if _, err := change.call(ctx, id, change.tags); err != nil {
			return nil, err
		}
	}
	return stored, nil
}
