package redact

// rule is why something was replaced; replacements are counted by it.
type rule uint16

const (
	ruleNone rule = iota
	ruleAuthorization
	ruleCookie
	rulePassword
	ruleSecret
	ruleToken
	ruleAPIKey
	ruleURLParameter
	ruleURLUserinfo
	ruleJWT
	rulePrivateKey
	ruleAWS
	ruleGoogle
	ruleAzure
	ruleGitHub
	ruleGitLab
	ruleSlack
	ruleStripe
	ruleVendor
	ruleCard
	ruleEmail
	ruleIP
	// ruleFailed counts lines that were replaced whole because looking for
	// secrets in them failed.
	ruleFailed
	// numRules is the first rule of the configuration.
	numRules
)

// ruleNames are the rules' names in the metric and in what tailrace parse says.
var ruleNames = [numRules]string{
	ruleAuthorization: "authorization",
	ruleCookie:        "cookie",
	rulePassword:      "password",
	ruleSecret:        "secret",
	ruleToken:         "token",
	ruleAPIKey:        "api-key",
	ruleURLParameter:  "url-parameter",
	ruleURLUserinfo:   "url-userinfo",
	ruleJWT:           "jwt",
	rulePrivateKey:    "private-key",
	ruleAWS:           "aws-key",
	ruleGoogle:        "google-key",
	ruleAzure:         "azure-key",
	ruleGitHub:        "github-token",
	ruleGitLab:        "gitlab-token",
	ruleSlack:         "slack-token",
	ruleStripe:        "stripe-key",
	ruleVendor:        "vendor-token",
	ruleCard:          "card",
	ruleEmail:         "email",
	ruleIP:            "ip",
	ruleFailed:        "failed",
}
