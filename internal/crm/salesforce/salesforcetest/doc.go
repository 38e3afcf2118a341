// Package salesforcetest is one Salesforce org in memory: a strict, stateful fake of its OAuth endpoints and its REST
// API, as hostile as the vendor is known to be. Tests and the local stack run against it; the vendor's public client
// jsforce works against it too.
//
//	org := salesforcetest.New(salesforcetest.Options{VisibilityLag: 5 * time.Second})
//	server := httptest.NewServer(org.Handler())
//	access, refresh := org.GrantToken()
//
// # What is imitated
//
// OAuth: /services/oauth2/authorize (the user consents at once; PKCE S256, exact redirect, state), token
// (authorization_code, refresh_token, client_credentials, JWT bearer with RS256), revoke, introspect, userinfo, the
// identity URL /id/{org}/{user} and /.well-known/openid-configuration. Token responses have no expires_in, issued_at as
// a string, a signature, and a refresh token only for the scope refresh_token. A user's sixth refresh token revokes the
// oldest grant. With RotateRefreshTokens a refresh token works once, and trying it again revokes the grant.
//
// Data, below /services/data/vXX.0: limits, global and object describe (304 for If-Modified-Since), rows by id and by
// external id (200, 201, 204 below version 46, 300, 404, 412, 304), sObject Collections (create, update, upsert, delete
// of 200; retrieve of 2,000), composite (25 subrequests, references, all or none), composite/batch, query and queryAll
// with cursors, updated and deleted, a note's content as bytes; of the Tooling API, creating custom fields of Contact,
// Activity and others (SetupAccess), which nobody sees before a permission set grants them.
//
// Objects: Contact, Account, Lead, Task, Event, ContentNote with ContentDocument and ContentDocumentLink, Note (the
// classic one); read only User, Organization, TaskStatus, TaskPriority; with SetupAccess, DuplicateRule, MatchingRule and
// MatchingRuleItem, PermissionSet and PermissionSetAssignment, read only, and FieldPermissions, which are only made. Custom fields come by AddCustomField; Task and
// Event share theirs. Names are taken in any case. Ids are of 18 characters with a valid suffix, and 15 are accepted;
// they sort as they were given.
//
// SOQL: SELECT of fields, over up to five references, or COUNT(); WHERE with AND, OR (never mixed without parentheses),
// NOT, comparisons, LIKE, IN, NOT IN; ORDER BY with NULLS FIRST or LAST; LIMIT; OFFSET up to 2,000. Without ORDER BY
// rows come in no order to rely on. One unknown or hidden field fails the whole query. Long text can be neither filtered
// nor sorted. Text compares without case, except for case-sensitive fields.
//
// A polymorphic reference (Who, What, Owner of an activity, LinkedEntity, Parent) leads to no more than what the vendor's
// Name has: Type, Id, Name, Email and a few more.
//
// Traps that are set for clients:
//
//   - timestamps have whole seconds and end in +0000; ties are normal; LastModifiedDate and SystemModstamp differ after
//     a change by the system (re-parenting by an account merge moves only the stamp)
//   - a write may become visible late (VisibilityLag): until then readers see the version before, while its
//     SystemModstamp already lies in the past; latestDateCovered tells
//   - collections answer 200 though items failed, with statusCode where a whole answer has errorCode; within a composite
//     request that is all or none, they undo the whole
//   - two records with one external id in an upsert both fail; DUPLICATE_VALUE names the other record by 15 characters
//   - a trigger (OnSave) changes what is saved, which no answer tells
//   - text is trimmed, "" becomes null, line ends of text areas become \r\n, lengths count UTF-16 units
//   - a URL and its headers may be 16,384 bytes long together, a string in a query 4,000, a query 100,000 characters
//   - cursors hold which rows, not what they hold: rows change and vanish while a client pages
//   - merged records are deleted with MasterRecordId; purged ones are in the delete log only; the recycle bin forgets
//     after 15 days; a deleted record does not stop an upsert from creating another
//   - the Date header is the org's clock; errors of the edge are HTML
//   - a task is closed by its Status alone, whose values are the org's own (TaskStatus tells); its due date is a date
//   - an event takes an end or a duration, and both only if they agree; its start does not change alone; the end of an
//     all-day event is the midnight at which its last day begins; each invitee has a row of his own (IsChild)
//   - query hides archived activities (events of a year ago, tasks closed and due a year ago), queryAll shows them, and
//     by id they are read and changed like others
//   - deleting a contact deletes its activities and classic notes with it; a merge moves them, which only
//     SystemModstamp tells
//   - a ContentNote has no SystemModstamp, no upsert, no getUpdated and no way back from deletion; its Content is written
//     in base64, refused for most elements, entities and unescaped characters, kept as other HTML than was sent, and
//     read at the address that a query shows for it
//   - ContentDocumentLink is queried by ids only; linking a note changes nothing of the note; each note is linked to its
//     owner too, and that link stays
//
// # Knobs
//
// Options says what kind of org it is. SetFaults makes calls fail, LockRow keeps a record locked, AddValidationRule,
// HideField and AddCustomField do what an administrator does, RevokeGrant and ExpireSessions what ends a client's
// access. Create, Edit, Merge, Delete, Undelete, Purge, Load, LinkNote and UnlinkNote are people working in the CRM;
// Archive is time passing. Save and Restore keep the org across restarts. Stats and Requests count.
//
// The same over HTTP, without authentication:
//
//	GET    /__admin/records/{object}                   all records that are not deleted
//	POST   /__admin/records/{object}                   create: {fields}, gives {"id"}
//	GET    /__admin/records/{object}/{id}              a record, deleted or not
//	PATCH  /__admin/records/{object}/{id}              edit: {fields}
//	DELETE /__admin/records/{object}/{id}              delete
//	POST   /__admin/records/{object}/{id}/undelete     undelete
//	POST   /__admin/records/{object}/{id}/purge        purge
//	POST   /__admin/records/{object}/{id}/archive      archive
//	POST   /__admin/link                               {"note", "entity"}; also /__admin/unlink
//	POST   /__admin/load/{object}                      [{fields}], gives [id]
//	GET    /__admin/count/{object}                     {"count"}
//	POST   /__admin/merge                              {"winner", "losers": []}
//	POST   /__admin/fields                             {"object", "name", "type", "length", "externalId", "unique", ...}
//	POST   /__admin/lock                               {"id", "until"}
//	PUT    /__admin/faults                             [{"kind", "rate", "count", "path", "latency": "250ms", "field", "value"}]
//	GET    /__admin/stats                              Stats and dataRequests; DELETE sets them to zero
//	POST   /__admin/grant                              {"access_token", "refresh_token", "instance_url"}; DELETE revokes all
//	DELETE /__admin/sessions                           ends all sessions, not the refresh tokens
//	GET    /__admin/snapshot                           what Save writes; PUT restores
//
// # What is not
//
// Bulk API, composite graph and tree, sharing rules (a note is seen by everybody), record types, formulas, GROUP BY,
// sub-selects, TYPEOF, date literals like LAST_N_DAYS, queues, shared activities, the making of recurrences, note
// versions and other files.
package salesforcetest
