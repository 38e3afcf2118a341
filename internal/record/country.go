package record

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// countryNames maps folded English names, alpha-3 codes and the usual short forms to alpha-2 codes.
var countryNames = sync.OnceValue(func() map[string]string {
	names := map[string]string{
		"usa": "US", "u s a": "US", "u s": "US", "united states of america": "US", "america": "US",
		"uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "uae": "AE",
		"deutschland": "DE", "holland": "NL", "espana": "ES", "brasil": "BR", "schweiz": "CH", "osterreich": "AT",
	}
	english := display.English.Regions()
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string([]rune{a, b})
			region, err := language.ParseRegion(code)
			if err != nil || !region.IsCountry() || region.String() != code || region.Canonicalize() != region {
				continue
			}
			if name := english.Name(region); name != "" && name != "Unknown Region" {
				names[FoldName(name)] = code
				if iso3 := region.ISO3(); iso3 != "ZZZ" {
					names[strings.ToLower(iso3)] = code
				}
			}
		}
	}
	return names
})

// CountryCode returns the ISO 3166 alpha-2 code of a country given by code or by English name; text it does not
// recognise comes back as it is.
func CountryCode(s string) string {
	if len(s) == 2 {
		upper := strings.ToUpper(s)
		if upper == "UK" {
			return "GB"
		}
		if region, err := language.ParseRegion(upper); err == nil && region.IsCountry() {
			return upper
		}
		return s
	}
	if code, ok := countryNames()[FoldName(s)]; ok {
		return code
	}
	return s
}

// CountryName returns the English name of an alpha-2 code; other text comes back as it is.
func CountryName(code string) string {
	if len(code) != 2 {
		return code
	}
	region, err := language.ParseRegion(code)
	if err != nil || !region.IsCountry() {
		return code
	}
	if name := display.English.Regions().Name(region); name != "" && CountryCode(name) == code {
		return name
	}
	return code
}
