package salesforcetest

import (
	"fmt"
	"net/http"
	"strconv"
)

// describe answers GET /sobjects/{Object}/describe: the fields as the API user sees them.
func (c *call) describe(t *table) (*reply, *apiError) {
	defer c.read()()
	if since, ok := httpDate(c.header.Get("If-Modified-Since")); ok && c.f.schemaChanged.Unix() <= since.Unix() {
		return &reply{status: http.StatusNotModified}, nil
	}
	out := c.objectSummary(t)
	var fields []map[string]any
	for _, fl := range t.object.fields {
		if !fl.hidden {
			fields = append(fields, describeField(fl))
		}
	}
	out["fields"] = fields
	out["childRelationships"], out["recordTypeInfos"] = []any{}, []any{}
	r := json200(marshal(out))
	r.header = map[string]string{"Last-Modified": c.f.schemaChanged.UTC().Format(http.TimeFormat)}
	return r, nil
}

func describeField(fl *field) map[string]any {
	picklist := []map[string]any{}
	for i, v := range fl.values {
		label := v
		if fl.labels != nil {
			label = fl.labels[i]
		}
		picklist = append(picklist, map[string]any{"active": true, "defaultValue": false, "label": label, "validFor": nil, "value": v})
	}
	refersTo := append([]string{}, fl.alsoTo...)
	if fl.refersTo != "" {
		refersTo = append(refersTo, fl.refersTo)
	}
	var relationship any
	if fl.relationship != "" {
		relationship = fl.relationship
	}
	defaulted := fl.kind == "boolean" || fl.column == columnOwner
	nillable := !fl.required && (fl.column == inPacked || fl.column == columnAddress) && fl.kind != "boolean"
	return map[string]any{
		"name": fl.name, "label": fl.label, "type": fl.kind, "soapType": soapType(fl), "length": fl.length, "byteLength": fl.length * 3,
		"nillable": nillable, "createable": fl.createable, "updateable": fl.updateable, "calculated": fl.calculated() && fl.kind != "address",
		"externalId": fl.externalID, "unique": fl.unique, "caseSensitive": fl.caseSensitive, "idLookup": fl.idLookup,
		"custom": fl.custom, "defaultedOnCreate": defaulted, "filterable": fl.filterable(), "sortable": fl.filterable(),
		"groupable": fl.filterable(), "picklistValues": picklist, "restrictedPicklist": fl.restricted,
		"referenceTo": refersTo, "relationshipName": relationship, "nameField": fl.name == "Name", "permissionable": fl.custom,
		"polymorphicForeignKey": fl.polymorphic, "namePointing": fl.polymorphic, "compoundFieldName": nil, "precision": precision(fl), "scale": 0, "digits": 0, "deprecatedAndHidden": false,
	}
}

func precision(fl *field) int {
	if fl.isNumber() {
		return 18
	}
	return 0
}

func soapType(fl *field) string {
	switch fl.kind {
	case "id", "reference":
		return "tns:ID"
	case "base64":
		return "xsd:base64Binary"
	case "boolean", "date", "int", "double":
		return "xsd:" + fl.kind
	case "datetime":
		return "xsd:dateTime"
	case "currency", "percent":
		return "xsd:double"
	case "address":
		return "urn:address"
	}
	return "xsd:string"
}

// objectSummary is what the global describe says about an object.
func (c *call) objectSummary(t *table) map[string]any {
	o, url := t.object, c.base+"/sobjects/"+t.object.name
	can := func(refused restriction) bool { return o.refuses&refused == 0 }
	return map[string]any{
		"name": o.name, "label": o.label, "labelPlural": o.label + "s", "keyPrefix": o.prefix, "custom": false,
		"createable": o.createable, "updateable": o.createable && can(noUpdate), "deletable": t.source().object.createable,
		"undeletable": o.createable && can(noUndelete), "queryable": true, "retrieveable": true,
		"replicateable": can(noReplication), "searchable": true, "mergeable": o.createable && o.field("MasterRecordId") != nil, "layoutable": true, "triggerable": o.createable, "activateable": false, "deprecatedAndHidden": false,
		"urls": map[string]string{"sobject": url, "describe": url + "/describe", "rowTemplate": url + "/{ID}"},
	}
}

func (c *call) listObjects() (*reply, *apiError) {
	defer c.read()()
	var list []map[string]any
	for _, t := range c.f.tables {
		list = append(list, c.objectSummary(t))
	}
	return json200(marshal(map[string]any{"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": list})), nil
}

func (c *call) objectInfo(t *table) (*reply, *apiError) {
	defer c.read()()
	return json200(marshal(map[string]any{"objectDescribe": c.objectSummary(t), "recentItems": []any{}})), nil
}

// resources answers GET /services/data/vXX.0.
func (c *call) resources() (*reply, *apiError) {
	return json200(marshal(map[string]string{
		"sobjects": c.base + "/sobjects", "query": c.base + "/query", "queryAll": c.base + "/queryAll",
		"composite": c.base + "/composite", "limits": c.base + "/limits",
		"identity": c.origin + c.f.identityPath(c.user),
	})), nil
}

func (c *call) limits() (*reply, *apiError) {
	used, most := c.f.usage.used(c.now), c.f.dailyMax()
	limit := func(most, left int) map[string]int { return map[string]int{"Max": most, "Remaining": left} }
	return json200(marshal(map[string]any{
		"DailyApiRequests":        limit(most, max(most-used, 0)),
		"DailyBulkApiBatches":     limit(15000, 15000),
		"DailyBulkV2QueryJobs":    limit(10000, 10000),
		"DataStorageMB":           limit(5, 5),
		"FileStorageMB":           limit(20, 20),
		"HourlyTimeBasedWorkflow": limit(50, 50),
	})), nil
}

// versions answers GET /services/data/, which needs no token.
func (f *Fake) versions() *reply {
	seasons := [...]string{"Spring", "Summer", "Winter"}
	var list []map[string]string
	for _, v := range f.options.APIVersions {
		n, _ := strconv.Atoi(v[:max(len(v)-2, 0)])
		// 60.0 is Spring '24; three releases make a year, which begins with the winter before it.
		year := 24 + (n-60+1+300)/3 - 100
		list = append(list, map[string]string{
			"label": fmt.Sprintf("%s '%02d", seasons[(n-60+300)%3], year), "url": "/services/data/v" + v, "version": v,
		})
	}
	return json200(marshal(list))
}
