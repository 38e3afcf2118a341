package salesforce

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/crm"
)

func TestTheLimitHeaderIsReadLeniently(t *testing.T) {
	for header, want := range map[string][2]int{
		"api-usage=18/15000": {15000, 14982},
		"api-usage=25/5000; per-app-api-usage=17/250(appName=sample-app)": {5000, 4975},
		"per-app-api-usage=17/250(appName=x);api-usage=25/5000":           {5000, 4975},
		" API-Usage = 0 / 10 ":             {10, 10},
		"api-usage=16000/15000":            {15000, 0},
		"per-app-api-usage=17/250":         {-1, -1},
		"api-usage=/":                      {-1, -1},
		"api-usage=-1/5":                   {-1, -1},
		"api-usage=1/0":                    {-1, -1},
		"api-usage=1/99999999999999999999": {-1, -1},
		"":                                 {-1, -1},
		";;=,":                             {-1, -1},
	} {
		require.Equal(t, crm.Usage{BurstRemaining: -1, DailyLimit: want[0], DailyRemaining: want[1]}, parseLimitInfo(header), header)
	}
}

func FuzzLimitInfo(f *testing.F) {
	for _, seed := range []string{"api-usage=18/15000", "api-usage=25/5000; per-app-api-usage=17/250(appName=a;b)", "api-usage=", "=/=", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		u := parseLimitInfo(header)
		said := u.DailyLimit > 0 && u.DailyRemaining >= 0 && u.DailyRemaining <= u.DailyLimit
		unsaid := u.DailyLimit == -1 && u.DailyRemaining == -1
		if (!said && !unsaid) || u.BurstRemaining != -1 || u.Refused || u.RetryAfterSeconds != 0 {
			t.Fatalf("%q reads as %+v", header, u)
		}
	})
}
