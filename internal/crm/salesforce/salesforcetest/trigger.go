package salesforcetest

import "maps"

// OnSave sets a trigger of the org: whatever is written to an object of that name goes through alter first, which changes the
// fields in place. Nil takes the trigger away. Whoever writes is not told.
func (f *Fake) OnSave(object string, alter func(fields map[string]any)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.triggers == nil {
		f.triggers = map[string]func(map[string]any){}
	}
	f.triggers[object] = alter
}

// triggered returns fields as the object's trigger leaves them.
func (f *Fake) triggered(object string, fields map[string]any) map[string]any {
	alter := f.triggers[object]
	if alter == nil {
		return fields
	}
	fields = maps.Clone(fields)
	alter(fields)
	return fields
}
